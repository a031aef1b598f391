"""The explorer's page as a person uses it, and all that it asks for and complains of meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page, Response

WAIT = 20_000
"""Milliseconds within which the page does anything, on a busy machine too."""
# The browser's own event, which tells of what its console may not.
_NOTE_VIOLATIONS = """
    addEventListener('securitypolicyviolation', event =>
        console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`))
"""


class ExplorerPage:
    """A page at the explorer's address. `requests` and `complaints` are of all that it does."""

    def __init__(self, page: Page, address: str, *, scheme: str, width: int) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(WAIT)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        page.add_init_script(_NOTE_VIOLATIONS)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{address}/")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    @property
    def key_field(self) -> Locator:
        return self.page.get_by_label("API key")

    @property
    def result(self) -> Locator:
        return self.page.locator(".result-window .view-lines")

    def offer(self, key: str) -> None:
        """Type the key and send the form."""
        self.key_field.fill(key)
        self.page.get_by_role("button", name="Open the explorer").click()

    def open_with(self, key: str) -> None:
        """Offer the key, and wait for GraphiQL."""
        self.offer(key)
        self.wait_for_graphiql()

    def wait_for_graphiql(self) -> None:
        self.page.locator(".graphiql-query-editor .view-line").first.wait_for()

    def choose(self, tab: str) -> None:
        """Bring the tab of this name to the front."""
        self.page.get_by_role("tab", name=tab).click()
        self.page.locator(".graphiql-query-editor").get_by_text(tab).first.wait_for()
        # GraphiQL reads which operations there are a tenth of a second after they are shown, and gives no sign of it.
        self.page.wait_for_timeout(300)

    def start(self) -> None:
        """Press the button that runs the operation."""
        self.page.get_by_role("button", name="Execute query").click()

    def run(self, tab: str, operation: str | None = None) -> Any:
        """Run the tab's operation, chosen from its menu if it is named. Return the answer, which is shown then."""
        self.choose(tab)
        name = operation or tab
        with self.page.expect_response(lambda answer: f'"operationName":"{name}"' in _body(answer)) as answered:
            self.start()
            if operation:
                self.page.get_by_role("menuitem", name=operation, exact=True).click()
        answer = answered.value.json()
        self.result.get_by_text("data").first.wait_for()
        return answer

    def text(self, where: str) -> str:
        """Return the lines of an editor that are in sight."""
        lines = self.page.locator(f"{where} .view-line").all_text_contents()
        return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")

    def says(self, words: str) -> None:
        """Wait until the result holds these words."""
        self.result.get_by_text(words).first.wait_for()

    def suggests(self, name: str) -> None:
        """Ask for suggestions until the name is one of them: who types before the schema is there gets none."""
        suggestion = self.page.locator(".suggest-widget").get_by_text(name).first
        for _ in range(WAIT // 2_000):
            self.page.keyboard.press("Escape")
            self.page.keyboard.press("Control+Space")
            for _ in range(20):
                self.page.wait_for_timeout(100)
                if suggestion.is_visible():
                    return
        raise AssertionError(f"{name} is not suggested")

    def wait_until_kept(self, name: str, words: str) -> None:
        """Wait until GraphiQL has written this down: half a second after a change it does."""
        for _ in range(WAIT // 50):
            if words in (self.page.evaluate("name => sessionStorage.getItem(name)", name) or ""):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{name} was not kept")

    def remembered(self) -> list[str]:
        """Return the names of what the page keeps for this tab."""
        return list(self.page.evaluate("Object.keys(sessionStorage).sort()"))


def _body(answer: Response) -> str:
    return answer.request.post_data or ""
