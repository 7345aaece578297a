"""Options that bench/run and bench/compare share, and what they mean when left out."""
import argparse
import os
import pathlib
import sys
import tempfile

from lib import buckets, peers, rows

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
QUICK = {"files": 2000, "many": 10000, "large_files": 4, "large_bytes": 8 << 20, "rounds": 2,
         "mixed": 2000, "names": 5000, "huge_bytes": 64 << 20}
FULL = {"files": 100_000, "many": 1_000_000, "large_files": 16, "large_bytes": 256 << 20,
        "rounds": 5, "mixed": 1_000_000, "names": 2_000_000, "huge_bytes": 20 << 30}


def fail(text):
    print(f"{pathlib.Path(sys.argv[0]).name}: {text}", file=sys.stderr)
    sys.exit(2)


def parser_of(name, about):
    parser = argparse.ArgumentParser(prog=name, description=about,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: text.split(","), metavar="ROW,...",
                        help="only these (default: all but those on request, see --list)")
    parser.add_argument("--rounds", type=int, help=f"default: {FULL['rounds']}")
    parser.add_argument("--files", type=int, help="files of 4 KiB (default: 100,000)")
    parser.add_argument("--many", type=int, help="tiny files of the rows on versions of very many "
                        "(default: 1,000,000; the goals are for 10,000,000)")
    parser.add_argument("--large-bytes", type=int, help="size of the 16 large files")
    parser.add_argument("--mixed", type=int, help="files of many sizes, and ten large ones "
                        "(default: 1,000,000)")
    parser.add_argument("--names", type=int, help="files in one directory (default: 2,000,000)")
    parser.add_argument("--huge-bytes", type=int, help="size of the one huge file (default: "
                        "20 GiB); eight have a tenth of it each")
    parser.add_argument("--bucket", metavar="s3://NAME", help="for the rows of buckets: where they "
                        "may write; the server and its keys are in the environment")
    parser.add_argument("--quick", action="store_true", help="small corpora, two rounds")
    parser.add_argument("--cache", choices=["warm", "cold", "both"], default="both")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS",
                        help="what takes longer is run once only (default: 60)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()),
                        help="where to write: its file system is what is measured")
    parser.add_argument("--keep", action="store_true", help="keep what was written")
    return parser


def complete(options):
    """Checks what was asked, and fills in what was not."""
    for name, value in (QUICK if options.quick else FULL).items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    known = [row.name for row in rows.ROWS]
    options.rows = options.rows or [row.name for row in rows.ROWS if not row.on_request]
    for name in options.rows:
        if name not in known:
            fail(f"unknown row '{name}': {', '.join(known)}")
    known_tools = {kind.name: kind for kind in peers.KINDS + buckets.KINDS}
    for name in getattr(options, "tools", None) or ():
        if name not in known_tools:
            fail(f"unknown program '{name}': {', '.join(known_tools)}")
    if options.rounds < 1 or options.files < 100 or options.many < 2000 or options.threads < 1:
        fail("at least 1 round, 1 thread, --files 100, --many 2000")
    if not options.work.is_dir():
        fail(f"--work: '{options.work}' is no directory")
    options.work = options.work.resolve()
    if getattr(options, "peers", None):
        options.peers = options.peers.resolve()
    return options


def check_build(build):
    for program in ("cli/muster", "bench/corpus", "bench/floor", "bench/meter"):
        if not (build / program).exists():
            fail(f"there is no {build / program}: cmake --preset release && "
                 "cmake --build build/release")
    return build.resolve()
