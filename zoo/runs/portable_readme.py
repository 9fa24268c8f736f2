"""The README.md beside an artifact: how it is loaded without the zoo, with the run's own shape, numbers and names."""

from __future__ import annotations

from typing import Any

from zoo.data.text.tokens import SEPARATORS, START, UNKNOWN
from zoo.io.installation import DISTRIBUTION

RUNTIME = {
    "onnx": "numpy onnxruntime",
    "litert": "numpy ai-edge-litert",
    "keras": "keras tensorflow",
    "saved_model": "numpy tensorflow",
}
FIT = {
    "pad": "padded with black on all sides",
    "resize": "resized (bilinear, antialiased)",
    "crop": "cropped to the middle (7/8 of the largest window of that form), then resized (bilinear, antialiased)",
}
LOAD = {
    "onnx": (
        "import onnxruntime",
        'net = onnxruntime.InferenceSession("{file}")',
        'outputs = net.run(["output"], {{"input": x}})[0][0]',
    ),
    "litert": (
        "from ai_edge_litert.interpreter import Interpreter",
        'net = Interpreter("{file}").get_signature_runner()',
        "outputs = next(iter(net(input=x).values()))[0]",
    ),
    "keras": (
        "import keras",
        'net = keras.saving.load_model("{file}", compile=False)',
        "outputs = np.asarray(net(x))[0]",
    ),
    "saved_model": (
        "import tensorflow as tf",
        'net = tf.saved_model.load("{file}")',
        "outputs = net.serve(x).numpy()[0]",
    ),
}


def text(facts: dict[str, Any], vocabulary: bool) -> str:
    """Markdown with one block of Python that runs as it stands in the artifact's folder.

    Args:
        facts: what artifact.json holds.
        vocabulary: whether vocabulary.json stands beside it.
    """
    code = _raw(facts) if facts["raw"] else _prepared(facts, vocabulary)
    rows = "\n".join(f"| {r['what']} | {r['items']} | {r['largest']:.1e} | {r['same']} |" for r in facts["parity"])
    names = facts["class_names"]
    shown = ", ".join(map(str, names[:20])) + (f", ... ({len(names)} in all)" if len(names) > 20 else "")
    return f"""# {facts["name"]}

`{facts["file"]}` is a trained `{facts["model"]}` as {facts["format"]}. Classes: {shown}.
To load it, `pip install {_needed(facts)}` and run in this folder:

```python
{code}
```

{_input(facts, vocabulary)}
{"".join(f"Note: {note}.{chr(10)}" for note in facts["notes"])}
Compared with the run it was exported from:

| given | items | largest difference of a probability | same class |
|---|---:|---:|---:|
{rows}
"""


def _needed(facts: dict[str, Any]) -> str:
    return RUNTIME[facts["format"]] + (f" {DISTRIBUTION}" if _foreign(facts) else "")


def _foreign(facts: dict[str, Any]) -> bool:
    """Whether a layer is one that only the zoo has."""
    return any("zoo." in note for note in facts["notes"])


def _raw(facts: dict[str, Any]) -> str:
    if facts["preprocessing"]["kind"] == "tokens":
        given = 'raw = tf.constant(["your text"])'
    else:
        height, width, channels = facts["input"]["shape"]
        given = (
            f"photo = tf.io.encode_jpeg(tf.zeros([{height}, {width}, {channels}], tf.uint8))"
            '  # or tf.io.read_file("photo.jpg")\nraw = tf.reshape(photo, [1])'
        )
    return f"""import tensorflow as tf

net = tf.saved_model.load("{facts["file"]}")
{given}
answer = net.serve(raw)
print(answer["label"][0].numpy().decode(), float(tf.reduce_max(answer["probabilities"][0])))"""


def _prepared(facts: dict[str, Any], vocabulary: bool) -> str:
    load, net, run = LOAD[facts["format"]]
    if facts["preprocessing"]["kind"] == "image":
        given = _image(facts)
    elif facts["preprocessing"]["kind"] == "frames":
        given = _frames(facts)
    else:
        given = _text(facts) if vocabulary else _tokens(facts)
    foreign = "import zoo.layers\n" if _foreign(facts) else ""
    return f"""import json

import numpy as np
{load}
{foreign}
{net.format(file=facts["file"])}
names = json.load(open("artifact.json", encoding="utf-8"))["class_names"]
{given}
{run.format()}
{_probabilities(facts)}
print(names[p.argmax()], p.max())"""


def _probabilities(facts: dict[str, Any]) -> str:
    logits, units = facts["output"]["gives"] == "logits", facts["output"]["units"]
    if units == 1:
        return f"p = {'1 / (1 + np.exp(-outputs[0]))' if logits else 'outputs[0]'}\np = np.array([1 - p, p])"
    return "p = np.exp(outputs - outputs.max()) / np.exp(outputs - outputs.max()).sum()" if logits else "p = outputs"


def _image(facts: dict[str, Any]) -> str:
    s, shape = facts["preprocessing"], [1, *facts["input"]["shape"]]
    low, high = s["pixel_range"]
    scaled = "pixels / 255" + (f" * {high - low:g}" if high - low != 1 else "")
    scaled += f" {'-' if low < 0 else '+'} {abs(low):g}" if low else ""
    scaled = f"({scaled})[..., ::-1]" if s.get("channel_order") == "bgr" else scaled
    if s["mean"] is not None:
        scaled = f"{scaled} - np.array({s['mean']})"
    if s["std"] is not None:
        scaled = f"({scaled}) / np.array({s['std']})"
    return f"""pixels = np.zeros({shape}, "uint8")  # your image, 0 to 255
x = ({scaled}).astype("float32")"""


def _frames(facts: dict[str, Any]) -> str:
    s, shape = facts["preprocessing"], facts["input"]["shape"]
    return f"""values = np.zeros({shape})  # your numbers: {", ".join(s["columns"])}
x = ((values - np.array({s["mean"]})) / np.array({s["std"]}))[None].astype("float32")"""


def _tokens(facts: dict[str, Any]) -> str:
    return f'x = np.zeros([1, {facts["input"]["shape"][0]}], "int32")  # your text as the tokens of the data set'


def _text(facts: dict[str, Any]) -> str:
    s = facts["preprocessing"]
    length = s["length"]
    cut = f"[-{length}:]" if s["truncate"] == "pre" else f"[:{length}]"
    padded = "[0] * ({n} - len(row)) + row" if s["pad"] == "pre" else "row + [0] * ({n} - len(row))"
    return f"""index = {{w: i for i, w in enumerate(json.load(open("vocabulary.json", encoding="utf-8")))}}
blanks = str.maketrans({{c: " " for c in {SEPARATORS!r}}})
words = "your text".lower().translate(blanks).split()
row = ([{START}] + [index.get(w, index.get(w.strip("'"), {UNKNOWN})) for w in words]){cut}
x = np.array([{padded.format(n=length)}], "int32")"""


def _input(facts: dict[str, Any], vocabulary: bool) -> str:
    s, given = facts["preprocessing"], facts["input"]
    shape = "x".join(map(str, given["shape"]))
    if s["kind"] == "image":
        size = f"{given['shape'][0]}x{given['shape'][1]}"
        colours = {1: "grey", 3: "RGB"}.get(given["shape"][2], f"{given['shape'][2]} channels")
        if facts["raw"]:
            return f"It takes the bytes of JPEG, PNG, BMP or GIF files; each is {FIT[s['fit']]} to {size}, {colours}."
        return f"The input is {shape}, {colours}. Images of other sizes were {FIT[s['fit']]} to {size}."
    if s["kind"] == "frames":
        return (
            f"The input is {s['window']} time steps of {len(s['columns'])} numbers, less the mean and divided by "
            "the standard deviation of the training part."
        )
    if facts["raw"]:
        return f"It takes texts in UTF-8 and reads up to {s['length']} words of each."
    return f"The input is {s['length']} tokens: {START} begins a text, {UNKNOWN} is an unknown word, 0 pads" + (
        "; `vocabulary.json` has the words in the order of their tokens." if vocabulary else "."
    )
