"""Open pages in headless Chromium: nothing asked for, nothing wrong, all that can be clicked works.

    python benchmarks/browser.py PAGE.html... [--axe axe.min.js] [--shots DIR]

Needs `chromium` and `chromedriver` (Debian: apt-get install chromium chromium-driver), and nothing
else: it speaks the WebDriver protocol itself.  `--axe` is the file of the npm package axe-core.
Exit status 1 if anything is wrong, 3 if no browser runs here.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
FLAGS += ("--disable-background-networking", "--disable-component-update", "--disable-sync")
WIDTHS = {"wide": 1280, "phone": 390}
_TRIES = 100  # tenths of a second

# Sorts by a number, both ways: the cells of the column must ascend, then descend.
SORT = """
const t=[...document.querySelectorAll("table")].filter(t=>t.tBodies[0].rows.length>2).pop();
if(!t)return "no table to sort";
const heads=[...t.tHead.rows[0].cells],i=heads.length>2?2:0,b=heads[i].querySelector("button");
if(!b)return "a head without a button";
const read=()=>[...t.tBodies[0].rows].map(r=>r.cells[i].textContent.replace(/,/g,""));
const up=(a,b)=>isNaN(a)||isNaN(b)?a<b?-1:a>b?1:0:a-b;
b.click();let got=read();if(got.join()!=[...got].sort(up).join())return "not ascending";
if(heads[i].getAttribute("aria-sort")!="ascending")return "not told to be sorted";
b.click();got=read();if(got.join()!=[...got].sort((a,b)=>up(b,a)).join())return "not descending";
"""
# Every button of an axis shows its own chart and hides the others; it can be had by the keyboard.
SWITCH = """
for(const f of document.querySelectorAll("fieldset.axis")){
const all=[...f.querySelectorAll(":scope>input")],plots=[...f.querySelectorAll(".plots>div")];
for(const [i,r] of all.entries()){r.focus();if(document.activeElement!=r)return "cannot be focused";
r.click();const seen=plots.map(p=>p.getClientRects().length>0);
if(seen.filter(Boolean).length!=1||!seen[i])return "chart "+i+" is not the one that is shown"}
all[0]&&all[0].click()}
"""
# One curve stands out, and pressed again none does.
LIGHT = """
for(const u of document.querySelectorAll("ul.legend")){
const b=u.querySelector("li[data-curve] button");
if(!b)continue;const part=u.closest("section"),on=()=>part.querySelectorAll(".lit .on").length;
b.click();if(!on())return "no curve stands out";b.click();if(on())return "a curve still stands out"}
"""
CLICKS = {"sort": SORT, "switch": SWITCH, "light": LIGHT}
RESOURCES = "return performance.getEntriesByType('resource').map(e=>e.name)"
SHOWN = """
return [...document.querySelectorAll(".plots>div")].filter(p=>p.getClientRects().length).length
"""
SERIOUS = """
const done=arguments[arguments.length-1];axe.run().then(r=>done(r.violations
.filter(v=>["serious","critical"].includes(v.impact))
.map(v=>v.id+": "+v.nodes.slice(0,3).map(n=>n.html.slice(0,120)).join(" | "))))
"""


class Browser:
    """A session of WebDriver."""

    def __init__(self, port: int, script: bool = True, scheme: str = "light") -> None:
        """Open a browser, with or without scripts, in light or in dark."""
        self._root = f"http://127.0.0.1:{port}/session"
        prefs = {} if script else {"profile.managed_default_content_settings.javascript": 2}
        flags = [*FLAGS, *(["--force-dark-mode"] if scheme == "dark" else [])]
        chrome = {"args": flags, "prefs": prefs}
        wanted = {"goog:chromeOptions": chrome, "goog:loggingPrefs": {"browser": "ALL"}}
        found = self._ask("", {"capabilities": {"alwaysMatch": wanted}})
        self._root += f"/{found['sessionId']}"

    def _ask(self, path: str, content: dict[str, Any] | None = None, method: str = "") -> Any:
        data = None if content is None else json.dumps(content).encode()
        kind = method or ("GET" if data is None else "POST")
        request = urllib.request.Request(self._root + path, data, method=kind)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, page: Path, width: int = 1280) -> None:
        """Open a file in a window of some width."""
        self._ask("/window/rect", {"width": width, "height": 900})
        self._ask("/url", {"url": page.resolve().as_uri()})

    def run(self, script: str) -> Any:
        """Return what a script returns."""
        return self._ask("/execute/sync", {"script": script, "args": []})

    def run_async(self, script: str) -> Any:
        """Return what a script hands to its last argument."""
        return self._ask("/execute/async", {"script": script, "args": []})

    def told(self) -> list[str]:
        """Return what stands in the console."""
        return [each["message"] for each in self._ask("/se/log", {"type": "browser"})]

    def shot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return window.innerWidth")
        self._ask("/window/rect", {"width": width, "height": min(height + 200, 16000)})
        path.write_bytes(base64.b64decode(self._ask("/screenshot")))

    def close(self) -> None:
        """End it."""
        self._ask("", method="DELETE")


@contextmanager
def driver(port: int = 9517) -> Iterator[int]:
    """Run chromedriver while the block runs."""
    with subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()


def _wait(port: int) -> None:
    for _ in range(_TRIES):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise OSError("chromedriver does not answer")


def wrong(browser: Browser, page: Path, axe: str) -> Iterator[str]:
    """Yield whatever is wrong with a page that has its script."""
    browser.open(page)
    if asked := browser.run(RESOURCES):
        yield f"asks for {asked}"
    for name, script in CLICKS.items():
        if said := browser.run(script):
            yield f"{name}: {said}"
    if axe:
        browser.run(axe)
        yield from browser.run_async(SERIOUS)
    yield from browser.told()


def wrong_without_script(browser: Browser, page: Path) -> Iterator[str]:
    """Yield what cannot be read without a script: each set of charts shows one."""
    browser.open(page)
    content = page.read_text()
    if browser.run(SHOWN) != content.count('<fieldset class="axis">'):
        yield "without a script a chart is not shown"
    if browser.run("return document.querySelectorAll('th button').length"):
        yield "the script ran although it was not allowed to"


def main() -> int:
    """Look at every page; say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--axe", type=Path)
    parser.add_argument("--shots", type=Path)
    given = parser.parse_args()
    axe = given.axe.read_text() if given.axe else ""
    try:
        with driver() as port:
            found = list(_all(port, given.pages, (axe, given.shots)))
    except OSError as error:
        print(f"no browser runs here: {error}")
        return 3
    print("\n".join(found) or f"{len(given.pages)} pages: nothing wrong")
    return 1 if found else 0


def _all(port: int, pages: list[Path], how: tuple[str, Path | None]) -> Iterator[str]:
    axe, shots = how
    for scheme in ("light", "dark"):
        browser = Browser(port, scheme=scheme)
        for page in pages:
            yield from (f"{page} ({scheme}): {each}" for each in wrong(browser, page, axe))
            if shots:
                _shots(browser, page, shots, scheme)
        browser.close()
    bare = Browser(port, script=False)
    for page in pages:
        yield from (f"{page}: {each}" for each in wrong_without_script(bare, page))
    bare.close()


def _shots(browser: Browser, page: Path, folder: Path, scheme: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, width in WIDTHS.items():
        browser.open(page, width)
        browser.shot(folder / f"{page.parent.name}-{page.stem}-{scheme}-{name}.png")


if __name__ == "__main__":
    sys.exit(main())
