"""Takes the README's picture of a run's report: python scripts/screenshot.py runs/RUN/leaderboard.html docs/report.png

Needs Playwright (of the extra ``dev``) and Debian's chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python scripts/screenshot.py REPORT.html PICTURE.png")
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not installed: run scripts/setup.sh as root")
    report, picture = Path(sys.argv[1]).resolve(), sys.argv[2]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1180, "height": 880}, offline=True).new_page()
        page.goto(report.as_uri())
        page.screenshot(path=picture, animations="disabled")
        browser.close()


if __name__ == "__main__":
    main()
