"""What every model of a protocol does: no loss with all rules, and one without each of them."""
import sys


def show(steps):
    print("\n".join("  " + step for step in steps))


def judge(rules, scenarios):
    """The exit code. `scenarios` of the rules that hold: by name, a function that explores one and
    gives the first complaint (or none), the steps to it, and how many states there are."""
    every, failures = frozenset(rules), 0
    for name, explore in scenarios(every).items():
        wrong, steps, count = explore()
        print("%-40s %7d states: %s" % (name, count, wrong or "nothing is lost"), flush=True)
        if wrong:
            show(steps)
            failures += 1
    for rule in rules:
        found = None
        for name, explore in scenarios(every - {rule}).items():
            wrong, steps, _ = explore()
            if wrong:
                found = (name, wrong, steps)
                break
        print("without '%s': %s" % (rule, "%s (%s)" % (found[1], found[0]) if found else "no loss"))
        if found and "-v" in sys.argv:
            show(found[2])
        failures += not found
    return failures != 0
