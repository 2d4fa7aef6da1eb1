# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of the Open Inference Protocol that shares no line with this project: Python's own HTTP, JSON and
struct. Its model has several inputs and outputs of other datatypes than rnnserve's. Whatever it is sent that
is not as the protocol says is answered with 400. argv: HTTP/1.0 or HTTP/1.1. Prints its port."""
import http.server
import json
import struct
import sys

MODEL = {
    "name": "net", "versions": ["2", "3"], "platform": "python",
    "inputs": [{"name": "ids", "datatype": "INT32", "shape": [-1, -1]},
               {"name": "attention_mask", "datatype": "BOOL", "shape": [-1, -1]},
               {"name": "half", "datatype": "FP16", "shape": [-1, 2, -1]},
               {"name": "ids_lengths", "datatype": "UINT8", "shape": [-1]},
               {"name": "note", "datatype": "BYTES", "shape": [-1]}],
    "outputs": [{"name": "y", "datatype": "FP16", "shape": [-1, 4]},
                {"name": "label", "datatype": "BYTES", "shape": [-1]}],
}
FORMATS = {"INT32": "i", "BOOL": "?", "FP16": "e", "UINT8": "B"}


def require(truth, what):
    if not truth:
        raise ValueError(what)


def take_bytes(tensor, raw):
    """The values of a tensor that was sent as bytes, and what is left."""
    size = tensor["parameters"]["binary_data_size"]
    require(len(raw) >= size, "too few bytes")
    mine, rest = raw[:size], raw[size:]
    if tensor["datatype"] != "BYTES":
        values = [v for (v,) in struct.iter_unpack("<" + FORMATS[tensor["datatype"]], mine)]
        return values, rest
    values = []
    while mine:
        (n,) = struct.unpack("<I", mine[:4])
        values.append(mine[4:4 + n].decode())
        mine = mine[4 + n:]
    return values, rest


def check(request, raw):
    """Everything that the metadata promises of the inputs."""
    require([t["name"] for t in request["inputs"]] == [t["name"] for t in MODEL["inputs"]], "names")
    values = {}
    for tensor, spec in zip(request["inputs"], MODEL["inputs"]):
        shape = tensor["shape"]
        require(tensor["datatype"] == spec["datatype"], "datatype")
        require(len(shape) == len(spec["shape"]), "rank")
        require(all(w in (-1, s) for w, s in zip(spec["shape"], shape)), "shape")
        if "data" in tensor:
            values[tensor["name"]] = tensor["data"]
        else:
            values[tensor["name"]], raw = take_bytes(tensor, raw)
        count = 1
        for s in shape:
            count *= s
        require(len(values[tensor["name"]]) == count, "count")
    require(not raw, "bytes left over")
    n = request["inputs"][0]["shape"][1]
    require(request["inputs"][2]["shape"] == [1, 2, n], "one length for all")
    require(all(type(v) is int and 0 <= v < 30 for v in values["ids"]), "tokens")
    require(all(v is True for v in values["attention_mask"]), "mask")
    require(all(type(v) is float and -1 <= v <= 1 for v in values["half"]), "reals")
    require(values["ids_lengths"] == [n], "length")
    require(len(values["note"][0].split()) == n, "words")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = sys.argv[1]

    def log_message(self, *_):
        pass

    def answer(self, status, content, raw=b""):
        head = json.dumps(content).encode()
        self.send_response(status)
        if raw:
            self.send_header("Inference-Header-Content-Length", str(len(head)))
        self.send_header("Content-Length", str(len(head) + len(raw)))
        self.end_headers()
        self.wfile.write(head + raw)

    def do_GET(self):
        known = {"/v2": {"name": "foreign", "version": "9", "extensions": []},
                 "/v2/health/live": {"live": True},
                 "/v2/models/net/versions/3": MODEL}
        if self.path in known:
            self.answer(200, known[self.path])
        else:
            self.answer(404, {"error": "not here"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        n_json = self.headers.get("Inference-Header-Content-Length")
        cut = int(n_json) if n_json else len(body)
        try:
            require(self.path == "/v2/models/net/versions/3/infer", "path")
            require(self.headers["Content-Type"].startswith("application/"), "type")
            check(json.loads(body[:cut]), body[cut:])
        except Exception as why:
            self.answer(400, {"error": repr(why)})
            return
        y = {"name": "y", "shape": [1, 4], "datatype": "FP16"}
        label = {"name": "label", "shape": [1], "datatype": "BYTES"}
        raw = b""
        if n_json:
            y["parameters"] = {"binary_data_size": 8}
            label["parameters"] = {"binary_data_size": 7}
            raw = struct.pack("<4e", 1, 2, 3, 4) + struct.pack("<I", 3) + b"pos"
        else:
            y["data"] = [[1, 2.5, -3, 4e-3]]
            label["data"] = ["pos"]
        self.answer(200, {"model_name": "net", "model_version": "3", "outputs": [y, label]}, raw)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
