// Make calls of a public client, and write what came of them.
//
// Standard input: {"client", "address", "key", "options", "calls"}. A call is a chain of methods with their arguments:
// [["groupAppointment", "1"], ["getConflicts"]]. {"date": "..."} is a Date. Standard output: for each call
// {"answer"}, {"status"} of a refusal, or {"error"} of the client's own.

const FIXED = 'https://api.cliniko.com/v1'

const CLIENTS = {
  cliniko: ({ address, key, options }) => {
    // Its first line takes a part of Node away that newer ones don't have.
    process.binding = () => ({})
    sendTo(address)
    const { Cliniko } = require('cliniko')
    return new Cliniko({ api_key: key, user_agent: 'Tests (tests@example.com)', ...options })
  },
  'cliniko-api-client': ({ address, key }) => {
    const { ClinikoClient } = require('cliniko-api-client')
    return new ClinikoClient(key, address, 'tests@example.com')
  }
}

// Its host can't be chosen, so its requests are sent elsewhere: those to the fixed host, and no others but ours.
function sendTo (address) {
  const request = require('request')
  require.cache[require.resolve('request')].exports = (options, done) => {
    const url = options.url.replace(FIXED, address)
    if (!url.startsWith(address)) throw new Error(`A request to somewhere else: ${url}`)
    return request({ ...options, url }, done)
  }
}

async function call (client, chain) {
  try {
    let answer = client
    for (const [method, ...values] of chain) answer = await answer[method](...values)
    return { answer: answer ?? null }
  } catch (error) {
    const status = error.statusCode ?? error.response?.status
    return status ? { status } : { error: error.message }
  }
}

async function main () {
  const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'), (_, value) => value?.date ? new Date(value.date) : value)
  console.log = console.error
  const client = CLIENTS[asked.client](asked)
  const outcomes = []
  for (const chain of asked.calls) outcomes.push(await call(client, chain))
  process.stdout.write(JSON.stringify(outcomes))
}

main()
