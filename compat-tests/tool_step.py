"""What a run of a tool is (see tools.py), and what of its output is compared."""

import dataclasses

# What differs between two brokers and two runs. Ids are 22 characters of base64 or UUIDs; times are milliseconds or ISO dates.
MASKS = (
    (r"\b(console-consumer|perf-consumer)-\d+\b(?!-)", r"\1-N"),
    (r"\btest-group-1[0-9]{12}\b", "test-group-N"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"(?<![\w.-])[A-Za-z0-9_-]{22}(?![\w-])", "ID"),
    (r"(?<!\.)\b1[0-9]{12}\b", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]?\d*Z?", "TIME"),
    (r"-+$", ""),
    # Refusals that quote Java's exceptions around their reason.
    (r"requirement failed: ", ""),
    (r"Invalid value org\.apache\.kafka\.common\.config\.ConfigException: (.*) for configuration Invalid dynamic configuration", r"\1"),
    # Sets that Java prints in another order in each process.
    (r"(Valid states are:|requires one of the following scenarios:) .*", r"\1 SET"),
)

NUMBERS = ((r"\d+(\.\d+)?", "N"),)


@dataclasses.dataclass(frozen=True)
class Step:
    """One run of a tool. `until` ends it after a line that matches, or leaves it in the background until a step that `stops` it."""

    label: str
    tool: str = ""
    arguments: tuple = ()
    input: str = ""
    files: dict = dataclasses.field(default_factory=dict)
    masks: tuple = ()
    keep: str = ""
    unique: bool = False
    until: str = ""
    background: bool = False
    stops: str = ""

    def comparable(self, results):
        """The lines of each broker that have to be alike."""
        return results


class ApiVersionsStep(Step):
    """What ours serves is served in Kafka's versions; what it does not serve our README says. Telemetry is advertised here always, by Kafka where a reporter takes it."""

    TELEMETRY = {"GetTelemetrySubscriptions(71)", "PushTelemetry(72)"}

    def comparable(self, results):
        served = [[line for line in lines if "UNSUPPORTED" not in line] for lines in results]
        ours = {self.name(line) for line in served[-1]} - self.TELEMETRY
        return [[line for line in lines if self.name(line) in ours] for lines in served]

    @staticmethod
    def name(line):
        return line.split(":")[0].strip()


BROKER = ("--bootstrap-server", "{bootstrap}")
CONTROLLER = ("--bootstrap-controller", "{controller}")


def steps(tool, server, *runs):
    """Steps of one tool: each run is its arguments as one text, or a pair of them and more fields of the step."""
    made = []
    for run in runs:
        text, more = run if isinstance(run, tuple) else (run, {})
        made.append(Step(" ".join(part for part in (tool, text, server[0] if server == CONTROLLER else "") if part), tool, (*server, *text.split()), **more))
    return made
