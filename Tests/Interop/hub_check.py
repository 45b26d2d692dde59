#!/usr/bin/env python3
"""One cache of models, two programs: python3 hub_check.py [--quire .build/release/quire] [--model Stdlib/models/quill]

A server on this machine plays the hub with one repository, org/tiny, made of a model folder. Quire pulls it and
huggingface_hub reads what was written; huggingface_hub downloads it and Quire reads that: with links, without links,
and with blobs in the store that models share. Nothing leaves the machine.

Needs: pip install huggingface_hub
"""
import argparse, hashlib, http.server, json, os, shutil, subprocess, sys, tempfile, threading, urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
COMMIT = "0123456789abcdef0123456789abcdef01234567"
failures = []

def expect(what, holds):
    print(("ok      " if holds else "FAILED  ") + what)
    if not holds: failures.append(what)

class File:
    def __init__(self, path, data):
        self.path, self.data = path, data
        self.oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        self.sha256 = hashlib.sha256(data).hexdigest() if path.endswith((".safetensors", ".bin", ".gguf")) else None
        self.etag = self.sha256 or self.oid

    def listed(self, key):
        entry = {key: self.path, "size": len(self.data)}
        entry["blobId" if key == "rfilename" else "oid"] = "a" * 40 if self.sha256 else self.oid
        if key == "path": entry["type"] = "file"
        if self.sha256:
            digest = "sha256" if key == "rfilename" else "oid"
            entry["lfs"] = {digest: self.sha256, "size": len(self.data), "pointerSize": 130}
        return entry

def serve(files):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *_): pass
        def reply(self, status, headers, body, head):
            self.send_response(status)
            for name, value in headers.items(): self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not head: self.wfile.write(body)
        def do_HEAD(self): self.do_GET(head=True)
        def do_GET(self, head=False):
            path = urllib.parse.unquote(self.path.split("?")[0])
            if path.startswith("/api/models/org/tiny/revision/"):
                body = {"id": "org/tiny", "sha": COMMIT, "siblings": [f.listed("rfilename") for f in files]}
                return self.reply(200, {"Content-Type": "application/json"}, json.dumps(body).encode(), head)
            if path.startswith("/api/models/org/tiny/tree/"):
                body = json.dumps([f.listed("path") for f in files]).encode()
                return self.reply(200, {"Content-Type": "application/json"}, body, head)
            for f in files:
                if path in (f"/org/tiny/resolve/{COMMIT}/{f.path}", f"/org/tiny/resolve/main/{f.path}"):
                    return self.reply(200, {"ETag": f'"{f.etag}"', "X-Repo-Commit": COMMIT}, f.data, head)
            known = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
            self.reply(404, known if "/resolve/" in path else {"X-Error-Code": "RepoNotFound"}, b"", head)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"

def run(command, endpoint, cache, **more):
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": cache, "HF_HUB_DISABLE_TELEMETRY": "1", **more}
    p = subprocess.run(command, capture_output=True, text=True, timeout=300, env=env)
    if p.returncode: failures.append(f"{command}: {p.stderr[-2000:]}"); print(p.stderr[-2000:])
    return p.stdout.strip()

def python(code, endpoint, cache, **more):
    return run([sys.executable, "-c", code], endpoint, cache, **more)

READ = """
import json, os
from huggingface_hub import snapshot_download, scan_cache_dir, hf_hub_download, try_to_load_from_cache, _CACHED_NO_EXIST
path = snapshot_download("org/tiny", local_files_only=True)
info = scan_cache_dir()
print(json.dumps({"path": path, "files": sorted(os.listdir(path)), "warnings": [str(w) for w in info.warnings],
  "repos": [(r.repo_id, [(v.commit_hash, sorted(v.refs)) for v in r.revisions]) for r in info.repos],
  "one": hf_hub_download("org/tiny", "config.json", local_files_only=True),
  "absent": try_to_load_from_cache("org/tiny", "nothing.json") is _CACHED_NO_EXIST}))
"""
FETCH = 'from huggingface_hub import snapshot_download; print(snapshot_download("org/tiny"))'

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--quire", default=os.path.join(HERE, "../../.build/release/quire"))
    a.add_argument("--model", default=os.path.join(HERE, "../../Stdlib/models/quill"))
    a = a.parse_args()
    def quire(code, endpoint, cache, **more):
        return run([a.quire, "--allow", "net,fs", "-q", "-c", code], endpoint, cache, **more)
    names = sorted(n for n in os.listdir(a.model) if os.path.isfile(os.path.join(a.model, n)))
    files = [File(n, open(os.path.join(a.model, n), "rb").read()) for n in names]
    files.append(File("additional_chat_templates/tool.jinja", b"{{ messages }}"))
    weights = next(f for f in files if f.path.endswith(".safetensors"))
    endpoint = serve(files)
    work = tempfile.mkdtemp(prefix="hub-check-")
    try:
        for name, more in [("with links", {}), ("without links", {"HF_HUB_DISABLE_SYMLINKS": "1"})]:
            ours, theirs = os.path.join(work, name, "ours"), os.path.join(work, name, "theirs")
            path = quire('print(pull("org/tiny").path)', endpoint, ours, **more)
            run([a.quire, "--allow", "net", "-q", "-c", 'try { pull "org/tiny", file: "nothing.json" } catch e { }'],
                endpoint, ours, **more)
            found = json.loads(python(READ, "http://127.0.0.1:9", ours, HF_HUB_OFFLINE="1", **more) or "{}")
            expect(f"{name}: huggingface_hub finds the pulled snapshot", found.get("path") == path and path != "")
            expect(f"{name}: its scan reports no warning", found.get("warnings") == [])
            expect(f"{name}: it sees commit and reference", found.get("repos") == [["org/tiny", [[COMMIT, ["main"]]]]])
            expect(f"{name}: it finds one file", found.get("one", "").endswith(f"{COMMIT}/config.json"))
            expect(f"{name}: it knows what is absent", found.get("absent") is True)
            same = all(open(os.path.join(path, f.path), "rb").read() == f.data for f in files
                       if f.path.endswith((".json", ".safetensors", ".jinja"))) if path else False
            expect(f"{name}: every byte is there", same)
            first = python(FETCH, endpoint, ours, **more)
            expect(f"{name}: huggingface_hub goes on in our cache", first == path)
            fetched = python(FETCH, endpoint, theirs, **more)
            read = quire('print(load("org/tiny").path)', "http://127.0.0.1:9", theirs, HF_HUB_OFFLINE="1", **more)
            expect(f"{name}: Quire loads what huggingface_hub wrote", read == fetched and read != "")
            reused = quire('print(pull("org/tiny").reused)', endpoint, theirs, **more)
            expect(f"{name}: Quire fetches nothing again", reused.isdigit() and int(reused) >= 3)
        # A blob that is itself a link into the store that models share.
        shared = os.path.join(work, "shared")
        shutil.copytree(os.path.join(work, "with links", "theirs"), shared, symlinks=True)
        blob = os.path.join(shared, "models--org--tiny", "blobs", weights.etag)
        store = os.path.join(shared, "blobs", "ee", "e" * 64)
        os.makedirs(os.path.dirname(store))
        with open(os.path.join(shared, "blobs", ".huggingface-shared-blobs"), "w") as f: f.write("1\n")
        os.rename(blob, store)
        os.symlink(os.path.relpath(store, os.path.dirname(blob)), blob)
        read = quire('print(load("org/tiny").path)', "http://127.0.0.1:9", shared, HF_HUB_OFFLINE="1")
        expect("shared blobs: Quire loads a model whose blob is a link into the store", read.startswith(shared))
    finally:
        shutil.rmtree(work)
    print(f"{len(failures)} failed" if failures else "the cache is shared")
    sys.exit(bool(failures))
