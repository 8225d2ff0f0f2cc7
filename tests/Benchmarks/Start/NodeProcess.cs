using System.Diagnostics;
using System.Globalization;

namespace KafkaCompat.Benchmarks.Start;

/// <summary>A broker in a process of its own, with all that it started.</summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly Process _process;

    public NodeProcess(string program, IEnumerable<string> arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Lines.Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Lines.Add(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What the process printed.</summary>
    public List<string?> Lines { get; } = [];

    public bool HasExited => _process.HasExited;

    /// <summary>Waits until it answers on a port. Throws with what it printed where it does not.</summary>
    public void WaitForAnswer(int port, TimeSpan patience)
    {
        if (!MetadataProbe.WaitFor(port, patience, () => HasExited))
            throw new InvalidOperationException($"The broker did not answer:\n{string.Join('\n', Lines)}");
    }

    /// <summary>Resident memory in KiB of the process and its children: a start script may or may not become the broker itself.</summary>
    public long ResidentKiB() => Family(_process.Id).Sum(static pid => Field(pid, "VmRSS:"));

    /// <summary>Private memory in KiB: what would be free without the process.</summary>
    public long PrivateKiB() => Family(_process.Id).Sum(static pid => Field(pid, "RssAnon:"));

    /// <summary>Processor time of the process and its children so far, user and kernel.</summary>
    public TimeSpan ProcessorTime() => Family(_process.Id).Aggregate(TimeSpan.Zero, static (sum, pid) => sum + ProcessorClock.Of(pid));

    /// <summary>Files, sockets and the like that the process holds open.</summary>
    public int OpenDescriptors() => Family(_process.Id).Max(static pid => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count());

    /// <summary>Asks the process to end and waits until it has; false where it had to be killed.</summary>
    public bool Stop(TimeSpan patience)
    {
        if (_process.HasExited)
        {
            return true;
        }

        foreach (var pid in Family(_process.Id).Reverse().ToList())
        {
            try
            {
                using var member = Process.GetProcessById(pid);
                using var kill = Process.Start("kill", ["-TERM", pid.ToString(CultureInfo.InvariantCulture)]);
                kill.WaitForExit();
                member.WaitForExit(patience);
            }
            catch (ArgumentException)
            {
                // It ended with its parent.
            }
        }

        if (_process.WaitForExit(patience))
        {
            return true;
        }

        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        return false;
    }

    public void Dispose()
    {
        Stop(TimeSpan.FromSeconds(30));
        _process.Dispose();
    }

    private static IEnumerable<int> Family(int pid)
    {
        yield return pid;
        var path = $"/proc/{pid}/task/{pid}/children";
        if (!File.Exists(path))
        {
            yield break;
        }

        foreach (var child in File.ReadAllText(path).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var member in Family(int.Parse(child, CultureInfo.InvariantCulture)))
            {
                yield return member;
            }
        }
    }

    private static long Field(int pid, string name)
    {
        var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(text => text.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
