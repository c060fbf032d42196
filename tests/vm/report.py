# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions that the checks of a makedumpfile share: run it, and report results."""
import os
import re
import subprocess


class Report:
    """The test lines, and whether one of them failed."""

    def __init__(self):
        self.failed = False

    def skip(self, name, why):
        print(f"skip - {name}: {why}", flush=True)

    def result(self, name, complaints):
        """One test: passed if there are no complaints (sentences)."""
        if complaints:
            self.failed = True
            print(f"not ok - {name}: {'; '.join(complaints)}", flush=True)
        else:
            print(f"ok - {name}", flush=True)

    def judged(self, name, judgement, *args):
        """One test: JUDGEMENT(*ARGS) has no complaints, nor fails."""
        try:
            complaints = judgement(*args)
        except (ValueError, OSError) as e:
            complaints = [str(e)]
        self.result(name, complaints)


def run(program, options, vmcore, dump):
    """Make a dump; [] or what went wrong."""
    if os.path.exists(dump):
        os.unlink(dump)
    r = subprocess.run([program, *options, vmcore, dump], stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, check=False)
    if r.returncode == 0:
        return []
    words = [w for w in re.split(r"[\r\n]+", r.stdout + r.stderr) if w.strip()]
    return [f"exit status {r.returncode}: {' | '.join(words[-3:])}"]
