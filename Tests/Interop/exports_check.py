#!/usr/bin/env python3
"""Exports every notebook of the repository and holds the results against other software.

Pages: HTML Tidy finds nothing to say, and Chromium, sent through a proxy that counts, asks for
nothing. Jupyter notebooks: nbformat calls them valid, writes them anew, and an import of what it
wrote gives the bytes of the notebook back. Needs tidy, chromium and the Python package nbformat.

    python3 Tests/Interop/exports_check.py --quire .build/release/quire
"""

import argparse
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Proxy:
    """Takes connections and answers none; keeps what was asked for."""

    def __init__(self):
        self.asked = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.server.accept()
            connection.settimeout(2)
            try:
                self.asked.append(connection.recv(4096).split(b"\r\n")[0].decode("latin-1"))
            except OSError:
                pass
            connection.close()


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)


def page(quire, notebook, folder, proxy, chromium):
    target = folder / (notebook.stem + ".html")
    done = run(quire, "export", notebook, "--to", "html", "--out", target)
    if done.returncode != 0:
        return [done.stderr.strip()]
    problems = []
    tidy = run("tidy", "-e", "-q", "-utf8", target)
    if tidy.returncode != 0 or tidy.stderr.strip():
        problems.append("tidy: " + tidy.stderr.strip())
    before = len(proxy.asked)
    shot = run(
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-extensions",
        f"--user-data-dir={folder / 'profile'}", f"--proxy-server=127.0.0.1:{proxy.port}",
        "--virtual-time-budget=2000", "--screenshot=" + str(folder / "page.png"), target.as_uri(),
        timeout=120)
    if shot.returncode != 0:
        problems.append("chromium: " + shot.stderr.strip()[-200:])
    # The browser's own services may call home; a page of ours has nothing to ask anybody.
    own = ("google", "gstatic", "chromium", "gvt1")
    for line in proxy.asked[before:]:
        if not any(word in line for word in own):
            problems.append("chromium asked: " + line)
    return problems


def jupyter(quire, notebook, folder, nbformat):
    made = folder / (notebook.stem + ".ipynb")
    done = run(quire, "export", notebook, "--to", "ipynb", "--out", made)
    if done.returncode != 0:
        return [done.stderr.strip()]
    document = nbformat.read(made, as_version=4)
    try:
        nbformat.validate(document)
    except nbformat.ValidationError as error:
        return ["nbformat: " + str(error).splitlines()[0]]
    nbformat.write(document, made)
    back = folder / (notebook.stem + ".back.md")
    done = run(quire, "import", made, "--out", back, "--force")
    if done.returncode != 0:
        return [done.stderr.strip()]
    return [] if back.read_bytes() == notebook.read_bytes() else ["import gave other bytes"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quire", default=str(ROOT / ".build/release/quire"))
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    missing = [name for name, found in (("tidy", shutil.which("tidy")), ("chromium", chromium)) if not found]
    try:
        import nbformat
    except ImportError:
        nbformat = None
        missing.append("nbformat (pip install nbformat)")
    if missing:
        sys.exit("missing: " + ", ".join(missing) + "; install them, then run this again")
    books = sorted((ROOT / "Notebooks").glob("*.md"))
    books += sorted((ROOT / "Tests/Fixtures/notebooks").glob("*.md"))
    proxy = Proxy()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for book in books:
            problems = page(options.quire, book, folder, proxy, chromium)
            problems += jupyter(options.quire, book, folder, nbformat)
            failed += bool(problems)
            print(book.name, "ok" if not problems else "\n  ".join(["failed:"] + problems))
    print(f"{len(books) - failed} of {len(books)} notebooks pass")
    sys.exit(1 if failed else 0)


main()
