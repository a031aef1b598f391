// What the servers in Node read and write: the same statements for all, one way for each database.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const url = process.env.DB_URL;
const isPostgres = url.startsWith("postgres");
const folder = fileURLToPath(new URL(`../sql/${isPostgres ? "postgres" : "sqlite"}/`, import.meta.url));
const sql = Object.fromEntries(readdirSync(folder).map((file) => [file.slice(0, -4), readFileSync(folder + file, "utf8")]));

const appointment = (row) => ({
  id: row.id,
  startsAt: row.starts_at,
  endsAt: row.ends_at,
  maxAttendees: row.max_attendees,
  notes: row.notes,
  practitionerId: row.practitioner_id,
  businessId: row.business_id,
  appointmentTypeId: row.appointment_type_id,
});
const people = (ids, rows) => {
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of rows) {
    found.get(row.group_appointment_id).push({ id: row.id, firstName: row.first_name, lastName: row.last_name, email: row.email });
  }
  return ids.map((id) => found.get(id));
};
const inOrder = (ids, rows) => {
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
};
const existing = (ids, rows) => {
  const found = new Set(rows.map((row) => row.id));
  return ids.map((id) => ({ exist: found.has(id) }));
};
const refuse = (code) => {
  throw Object.assign(new Error(code), { extensions: { code } });
};
const booked = (row) => ({
  attendee: { id: row.id, groupAppointmentId: row.group_appointment_id, patientId: row.patient_id, arrived: false },
});

export const serializeDate = (value) =>
  value instanceof Date ? value.toISOString() : `${value.slice(0, 10)}T${value.slice(11, 19)}+00:00`;

async function onSqlite() {
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(url);
  database.pragma("synchronous = full");
  database.pragma("busy_timeout = 5000");
  const prepared = {};
  const statement = (name) => (prepared[name] ??= database.prepare(sql[name]));
  const all = (name, ids) => statement(name).all(JSON.stringify(ids));
  const stored = (told) => `${told.slice(0, 10)} ${told.slice(11, 19)}.000000`;
  const seats = database.prepare(sql.capacity).raw();
  const book = database.transaction((group, patient) => {
    const found = seats.get(group);
    if (!found) refuse("NOT_FOUND");
    if (found[1] >= found[0]) refuse("FULL");
    const now = new Date().toISOString().replace("T", " ").replace("Z", "000");
    return statement("book").get(group, patient, now, now);
  });
  return {
    list: async (from, to, limit) => statement("list").all(stored(from), stored(to), limit).map(appointment),
    get: async (id) => {
      const row = statement("point").get(Number(id));
      return row ? appointment(row) : null;
    },
    practitioners: async (ids) => inOrder(ids, all("practitioners", ids)),
    businesses: async (ids) => inOrder(ids, all("businesses", ids)),
    types: async (ids) => inOrder(ids, all("appointment_types", ids)),
    patients: async (ids) => people(ids, all("patients", ids)),
    conflicts: async (ids) => existing(ids, all("conflicts", ids)),
    book: async (group, patient) => booked(book.immediate(Number(group), Number(patient))),
  };
}

async function onPostgres() {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const rows = async (name, ...values) => (await pool.query({ name, text: sql[name], values })).rows;
  return {
    list: async (from, to, limit) => (await rows("list", from, to, limit)).map(appointment),
    get: async (id) => {
      const [row] = await rows("point", id);
      return row ? appointment(row) : null;
    },
    practitioners: async (ids) => inOrder(ids, await rows("practitioners", ids)),
    businesses: async (ids) => inOrder(ids, await rows("businesses", ids)),
    types: async (ids) => inOrder(ids, await rows("appointment_types", ids)),
    patients: async (ids) => people(ids, await rows("patients", ids)),
    conflicts: async (ids) => existing(ids, await rows("conflicts", ids)),
    book: async (group, patient) => {
      const client = await pool.connect();
      const within = async (name, ...values) => (await client.query({ name, text: sql[name], values })).rows[0];
      try {
        await client.query("begin");
        const seats = await within("capacity", group);
        if (!seats) refuse("NOT_FOUND");
        if (seats.booked >= seats.max_attendees) refuse("FULL");
        const row = await within("book", group, patient);
        await client.query("commit");
        return booked(row);
      } catch (error) {
        await client.query("rollback");
        throw error;
      } finally {
        client.release();
      }
    },
  };
}

export const data = await (isPostgres ? onPostgres() : onSqlite());
