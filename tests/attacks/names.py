"""Names that reach terminals, tables, pictures and shells."""

from __future__ import annotations

from attacks import answered, attack
from attacks.material import configuration, dense, keras_file

HOSTILE = {
    "escape_codes": "\x1b[31mred\x1b]0;title\x07",
    "newlines": "a\nprune: error\r\nb",
    "markup": "[red]a[/red] [link=http://x]b[/link]",
    "formula": '=HYPERLINK("http://x?"&A1)',
    "formula_behind_a_space": " +1+cmd|' /C calc'!A0",
    "mathematics": r"$\frac{\undefined$",
    "html": "<img src=http://x onerror=alert(1)>",
    "table": "a | b | ![x](http://x)",
    "right_to_left": "a\u202egnp.exe",
    "lone_surrogate": "a\udc80b",
    "path": "../../canary.h5",
    "shell": "$(touch canary.new);`touch canary.new`",
    "letters_without_end": "x" * 10_000,
    "nothing": "",
}


def called(folder, name):
    return keras_file(folder, configuration(first=dense(name)))


def _register(title, name):
    def build(folder):
        return called(folder, name)

    build.__name__, build.__doc__ = title, f"A layer called {name[:40]!a}."
    answered()(build)


for _title, _name in HOSTILE.items():
    _register(_title, _name)


@attack("uses the layer name 'a\\\\\\\\n' twice")
def two_names_that_print_alike(folder):
    """Two layers whose names are the same once they are printable."""
    layer = dense("a\n")
    config = configuration(layer, first=layer)
    config["config"]["layers"][2]["config"]["name"] = r"a\n"
    import h5py

    from attacks.material import BIASES, KERNELS, RNG, group

    path = folder / "part"
    with h5py.File(path, "w") as file:
        square = RNG.normal(size=(5, 5)).astype("f")
        kernels = [KERNELS[0], square, KERNELS[1]]
        for i, kernel in enumerate(kernels):
            file[f"{group(i)}/0"] = kernel
            file[f"{group(i)}/1"] = BIASES[0][: kernel.shape[1]]
    return keras_file(folder, config, weights=path.read_bytes())
