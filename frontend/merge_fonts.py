"""Makes portal/fonts/ out of the packages of Fontsource; run by `make fonts`.

Fontsource cuts each family into a hundred files for browsers that load what a page needs; a PDF wants one. The
families stay apart because Chinese is drawn differently in Beijing and in Taipei. The bold ones hold common
characters only: a rare one in a heading is drawn regular.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from fontTools.merge import Merger, Options
from fontTools.subset import Options as SubsetOptions
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont

VERSIONS = {"noto-sans": "5.3.0", "noto-sans-sc": "5.3.0", "noto-sans-tc": "5.3.0"}
NAMES = {"noto-sans": "Noto Sans", "noto-sans-sc": "Noto Sans SC", "noto-sans-tc": "Noto Sans TC"}
ALPHABETS = ["latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "greek-ext", "vietnamese"]
COMMON = {"noto-sans-sc": "chinese-simplified", "noto-sans-tc": "chinese-traditional"}
WEIGHTS = {400: "Regular", 600: "SemiBold"}

# Shaping and vertical writing, which our PDFs don't use; merging them would fail or swell the file.
UNUSED = "GSUB GPOS GDEF BASE STAT DSIG gasp prep fpgm vhea vmtx VORG".split()  # noqa: SIM905


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for family, version in VERSIONS.items():
            package = unpack(f"@fontsource/{family}@{version}", Path(folder) / family)
            for weight in WEIGHTS:
                make(family, weight, slices(package, family, weight), target / f"{family}-{weight}.woff")
        (target / "LICENSE").write_bytes((package / "LICENSE").read_bytes())


def unpack(name: str, folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True)  # noqa: S603, S607
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        package.extractall(folder, filter="data")
    return folder / "package"


def slices(package: Path, family: str, weight: int) -> list[Path]:
    """Name the files that together hold the family; those with many characters come first."""
    named = ALPHABETS if weight > 400 or family not in COMMON else []  # noqa: PLR2004
    common = [COMMON[family]] if family in COMMON else []
    files = [package / "files" / f"{family}-{name}-{weight}-normal.woff2" for name in [*common, *named]]
    if family in COMMON and not named:
        numbered = (package / "files").glob(f"{family}-*-{weight}-normal.woff2")
        files += sorted(set(numbered) - set(files))
    return [file for file in files if file.exists()]


def make(family: str, weight: int, files: list[Path], target: Path) -> None:
    options = Options()
    options.drop_tables = [*UNUSED, "cvt "]
    font = Merger(options=options).merge([str(file) for file in files])
    keep_characters(font)
    call(font, NAMES[family], WEIGHTS[weight])
    font.recalcTimestamp = False
    font.flavor = "woff"
    font.save(target)
    print(f"{target.name}: {len(font.getBestCmap())} characters, {target.stat().st_size // 1024} kB")  # noqa: T201


def keep_characters(font: TTFont) -> None:
    """Drop the glyphs that no character leads to."""
    options = SubsetOptions()
    options.hinting = options.glyph_names = False
    options.notdef_outline = True
    options.name_IDs = ["*"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=font.getBestCmap())
    subsetter.subset(font)


def call(font: TTFont, family: str, style: str) -> None:
    """Name the font after its weight: the package names each after the variable font it was cut from."""
    post_script = f"{family.replace(' ', '')}-{style}"
    for name_id, name in {1: family, 2: style, 3: post_script, 4: f"{family} {style}", 6: post_script}.items():
        font["name"].removeNames(nameID=name_id)
        font["name"].setName(name, name_id, 3, 1, 0x409)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
