"""torchvision's nets in as little torch as gives their state dicts and their numbers; torch is needed to run this.

    python tests/torch_nets.py        writes tests/torchvision/<model>.json

Each file holds the keys and shapes of a net's state dict and its logits for numbers drawn by `draw`. The tests build
the same numbers from it, so that the parity with torch is tested where torch is not installed. The module names are
torchvision's (BSD-3-Clause), on which the layout of its published weights depends.
"""

import json
import zlib
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "torchvision"
CLASSES = 7


def draw(key: str, shape) -> np.ndarray:
    """The numbers of one tensor, a function of its name: He-normal kernels, BatchNorm statistics around 1 and 0."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    if key.endswith("num_batches_tracked"):
        return np.array(7, "int64")
    if key.endswith("running_var") or (len(shape) == 1 and key.endswith("weight")):
        return rng.uniform(0.5, 1.5, shape).astype("float32")
    deviation = 0.2 if len(shape) == 1 else np.sqrt(2.0 / np.prod(shape[1:]))
    return rng.standard_normal(shape, "float32") * np.float32(deviation)


def images(height: int, width: int) -> np.ndarray:
    """Two images, (2, H, W, 3)."""
    return np.random.default_rng(1).normal(size=(2, height, width, 3)).astype("float32")


def nets():
    """name -> (module, height, width), in torch."""
    from torch import flatten, nn
    from torch.nn import functional as F

    class Chain(nn.Module):  # AlexNet and VGG
        def __init__(self, features, flat, head):
            super().__init__()
            self.features, self.classifier = nn.Sequential(*features), nn.Sequential(*head(flat))

        def forward(self, x):
            return [self.classifier(flatten(self.features(x), 1))]

    def alexnet(flat):
        features, before = [], 3
        for out, kernel, stride, padding, pool in (
            (64, 11, 4, 2, True),
            (192, 5, 1, 2, True),
            (384, 3, 1, 1, False),
            (256, 3, 1, 1, False),
            (256, 3, 1, 1, True),
        ):
            features += [nn.Conv2d(before, out, kernel, stride, padding), nn.ReLU()]
            features += [nn.MaxPool2d(3, 2)] if pool else []
            before = out

        def head(flat):
            return [
                nn.Dropout(),
                nn.Linear(flat, 4096),
                nn.ReLU(),
                nn.Dropout(),
                nn.Linear(4096, 4096),
                nn.ReLU(),
                nn.Linear(4096, CLASSES),
            ]

        return Chain(features, flat, head)

    def vgg(letters, flat, norm):
        features, before = [], 3
        for out in letters:
            if out == "M":
                features.append(nn.MaxPool2d(2, 2))
            else:
                features += [nn.Conv2d(before, out, 3, padding=1)]
                features += [nn.BatchNorm2d(out)] if norm else []
                features.append(nn.ReLU())
                before = out

        def head(flat):
            return [
                nn.Linear(flat, 4096),
                nn.ReLU(),
                nn.Dropout(),
                nn.Linear(4096, 4096),
                nn.ReLU(),
                nn.Dropout(),
                nn.Linear(4096, CLASSES),
            ]

        return Chain(features, flat, head)

    class Block(nn.Module):
        def __init__(self, before, width, stride, bottleneck):
            super().__init__()
            out = 4 * width if bottleneck else width
            kernels = (1, 3, 1) if bottleneck else (3, 3)
            for number, kernel in enumerate(kernels, 1):
                last, strided = number == len(kernels), number == (2 if bottleneck else 1)
                after = out if last else width
                here = before if number == 1 else width
                conv = nn.Conv2d(here, after, kernel, stride if strided else 1, kernel // 2, bias=False)
                setattr(self, f"conv{number}", conv)
                setattr(self, f"bn{number}", nn.BatchNorm2d(after))
            self.count, self.downsample = len(kernels), None
            if stride != 1 or before != out:
                self.downsample = nn.Sequential(nn.Conv2d(before, out, 1, stride, bias=False), nn.BatchNorm2d(out))

        def forward(self, x):
            y = x
            for number in range(1, self.count + 1):
                y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
                y = F.relu(y) if number < self.count else y
            return F.relu(y + (self.downsample(x) if self.downsample else x))

    class ResNet(nn.Module):
        def __init__(self, blocks, bottleneck):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
            before = 64
            for stage, (width, count) in enumerate(zip((64, 128, 256, 512), blocks, strict=True), 1):
                layers = []
                for number in range(count):
                    stride = 2 if stage > 1 and number == 0 else 1
                    layers.append(Block(before, width, stride, bottleneck))
                    before = 4 * width if bottleneck else width
                setattr(self, f"layer{stage}", nn.Sequential(*layers))
            self.fc = nn.Linear(before, CLASSES)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return [self.fc(x.mean((2, 3)))]

    class Conv(nn.Module):
        def __init__(self, before, out, kernel, stride=1, padding=0):
            super().__init__()
            self.conv = nn.Conv2d(before, out, kernel, stride, padding, bias=False)
            self.bn = nn.BatchNorm2d(out, eps=1e-3)

        def forward(self, x):
            return F.relu(self.bn(self.conv(x)))

    class Inception(nn.Module):
        def __init__(self, before, n1, r3, n3, r5, n5, pool):
            super().__init__()
            self.branch1 = Conv(before, n1, 1)
            self.branch2 = nn.Sequential(Conv(before, r3, 1), Conv(r3, n3, 3, 1, 1))
            self.branch3 = nn.Sequential(Conv(before, r5, 1), Conv(r5, n5, 3, 1, 1))
            self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), Conv(before, pool, 1))

        def forward(self, x):
            return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)])

    class Aux(nn.Module):
        def __init__(self, before):
            super().__init__()
            self.conv, self.fc1, self.fc2 = Conv(before, 128, 1), nn.Linear(2048, 1024), nn.Linear(1024, CLASSES)

        def forward(self, x):
            x = flatten(self.conv(F.adaptive_avg_pool2d(x, (4, 4))), 1)
            return self.fc2(F.relu(self.fc1(x)))

    def cat(parts):
        from torch import cat as join

        return join(parts, 1)

    table = {
        "3a": (192, 64, 96, 128, 16, 32, 32),
        "3b": (256, 128, 128, 192, 32, 96, 64),
        "4a": (480, 192, 96, 208, 16, 48, 64),
        "4b": (512, 160, 112, 224, 24, 64, 64),
        "4c": (512, 128, 128, 256, 24, 64, 64),
        "4d": (512, 112, 144, 288, 32, 64, 64),
        "4e": (528, 256, 160, 320, 32, 128, 128),
        "5a": (832, 256, 160, 320, 32, 128, 128),
        "5b": (832, 384, 192, 384, 48, 128, 128),
    }

    class GoogLeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2, self.conv3 = Conv(3, 64, 7, 2, 3), Conv(64, 64, 1), Conv(64, 192, 3, 1, 1)
            for name, widths in table.items():
                setattr(self, f"inception{name}", Inception(*widths))
            self.aux1, self.aux2, self.fc = Aux(512), Aux(528), nn.Linear(1024, CLASSES)

        def forward(self, x):
            x = F.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True)
            x = F.max_pool2d(self.conv3(self.conv2(x)), 3, 2, ceil_mode=True)
            heads = []
            for name in table:
                x = getattr(self, f"inception{name}")(x)
                if name in ("4a", "4d"):
                    heads.append((self.aux1 if name == "4a" else self.aux2)(x))
                if name in ("3b", "4e"):
                    x = F.max_pool2d(x, 3 if name == "3b" else 2, 2, ceil_mode=True)
            return [self.fc(x.mean((2, 3))), *heads]

    class Mixed(nn.Module):
        """Branches by name: chains of (suffix, out, kernel, stride, padding); a fork is two last parts "a" and "b"."""

        def __init__(self, before, chains, pool):
            super().__init__()
            self.chains, self.pool = [], pool
            for branch, parts in chains.items():
                here, names = before, []
                for suffix, out, kernel, stride, padding in parts:
                    name = f"branch{branch}{suffix}"
                    setattr(self, name, Conv(here, out, kernel, stride, padding))
                    names.append(name)
                    here = out
                self.chains.append(names)
            if pool:
                self.branch_pool = Conv(before, pool, 1)

        def forward(self, x):
            out = []
            for names in self.chains:
                y = x
                fork = [name for name in names if name.endswith(("a", "b"))]
                for name in names:
                    if name not in fork:
                        y = getattr(self, name)(y)
                out += [getattr(self, name)(y) for name in fork] or [y]
            # torchvision's average counts the zeros around the image.
            out.append(self.branch_pool(F.avg_pool2d(x, 3, 1, 1)) if self.pool else F.max_pool2d(x, 3, 2))
            return cat(out)

    def module_a(before, pool):
        return Mixed(
            before,
            {
                "1x1": [("", 64, 1, 1, 0)],
                "5x5": [("_1", 48, 1, 1, 0), ("_2", 64, 5, 1, 2)],
                "3x3dbl": [("_1", 64, 1, 1, 0), ("_2", 96, 3, 1, 1), ("_3", 96, 3, 1, 1)],
            },
            pool,
        )

    def module_c(n):
        wide, tall = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
        return Mixed(
            768,
            {
                "1x1": [("", 192, 1, 1, 0)],
                "7x7": [("_1", n, 1, 1, 0), ("_2", n, *wide), ("_3", 192, *tall)],
                "7x7dbl": [
                    ("_1", n, 1, 1, 0),
                    ("_2", n, *tall),
                    ("_3", n, *wide),
                    ("_4", n, *tall),
                    ("_5", 192, *wide),
                ],
            },
            192,
        )

    def module_e(before):
        wide, tall = ((1, 3), 1, (0, 1)), ((3, 1), 1, (1, 0))
        return Mixed(
            before,
            {
                "1x1": [("", 320, 1, 1, 0)],
                "3x3": [("_1", 384, 1, 1, 0), ("_2a", 384, *wide), ("_2b", 384, *tall)],
                "3x3dbl": [("_1", 448, 1, 1, 0), ("_2", 384, 3, 1, 1), ("_3a", 384, *wide), ("_3b", 384, *tall)],
            },
            192,
        )

    class AuxV3(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv0, self.conv1, self.fc = Conv(768, 128, 1), Conv(128, 768, 5), nn.Linear(768, CLASSES)

        def forward(self, x):
            return self.fc(self.conv1(self.conv0(F.avg_pool2d(x, 5, 3))).mean((2, 3)))

    class InceptionV3(nn.Module):
        def __init__(self):
            super().__init__()
            self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = Conv(3, 32, 3, 2), Conv(32, 32, 3)
            self.Conv2d_2b_3x3 = Conv(32, 64, 3, 1, 1)
            self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Conv(64, 80, 1), Conv(80, 192, 3)
            self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = module_a(192, 32), module_a(256, 64), module_a(288, 64)
            self.Mixed_6a = Mixed(
                288,
                {
                    "3x3": [("", 384, 3, 2, 0)],
                    "3x3dbl": [("_1", 64, 1, 1, 0), ("_2", 96, 3, 1, 1), ("_3", 96, 3, 2, 0)],
                },
                0,
            )
            self.Mixed_6b, self.Mixed_6c = module_c(128), module_c(160)
            self.Mixed_6d, self.Mixed_6e = module_c(160), module_c(192)
            self.Mixed_7a = Mixed(
                768,
                {
                    "3x3": [("_1", 192, 1, 1, 0), ("_2", 320, 3, 2, 0)],
                    "7x7x3": [
                        ("_1", 192, 1, 1, 0),
                        ("_2", 192, (1, 7), 1, (0, 3)),
                        ("_3", 192, (7, 1), 1, (3, 0)),
                        ("_4", 192, 3, 2, 0),
                    ],
                },
                0,
            )
            self.Mixed_7b, self.Mixed_7c = module_e(1280), module_e(2048)
            self.AuxLogits, self.fc = AuxV3(), nn.Linear(2048, CLASSES)

        def forward(self, x):
            x = F.max_pool2d(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))), 3, 2)
            x = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)
            for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e"):
                x = getattr(self, f"Mixed_{name}")(x)
            heads = [self.AuxLogits(x)] if min(x.shape[2:]) >= 17 else []
            x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
            return [self.fc(x.mean((2, 3))), *heads]

    a = (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M")
    d = (64, 64, "M", 128, 128, "M", *(256,) * 3, "M", *(512,) * 3, "M", *(512,) * 3, "M")
    # Sides of different length tell height from width; the flattened maps have more than one place.
    return {
        "alexnet_owt": (alexnet(3 * 4 * 256), 127, 159),
        "vgg16": (vgg(d, 1 * 2 * 512, norm=False), 32, 64),
        "vgg11_bn": (vgg(a, 2 * 3 * 512, norm=True), 64, 96),
        "resnet18": (ResNet((2, 2, 2, 2), bottleneck=False), 64, 96),
        "resnet50_v1_5": (ResNet((3, 4, 6, 3), bottleneck=True), 64, 96),
        "googlenet_bn": (GoogLeNet(), 96, 128),
        "inception_v3_tv": (InceptionV3(), 299, 299),
    }


def write() -> None:
    """Write tests/torchvision/*.json."""
    import torch

    FOLDER.mkdir(exist_ok=True)
    for name, (module, height, width) in nets().items():
        shapes = {key: list(value.shape) for key, value in module.state_dict().items()}
        module.load_state_dict({key: torch.from_numpy(draw(key, shape)) for key, shape in shapes.items()})
        with torch.no_grad():
            logits = module.eval()(torch.from_numpy(images(height, width).transpose(0, 3, 1, 2).copy()))
        content = {
            "torch": torch.__version__,
            "input": [height, width, 3],
            "classes": CLASSES,
            "logits": [value.tolist() for value in logits],
            "shapes": shapes,
        }
        lines = json.dumps(content).replace(', "shapes"', ',\n"shapes"').replace('], "', '],\n"')
        (FOLDER / f"{name}.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
