using KafkaCompat.Broker.Loops;
using Microsoft.Extensions.Logging;

namespace KafkaCompat.Broker.Node;

/// <summary>The steps of a stop, one after the other. One that fails is logged and keeps none of the others from being taken.</summary>
internal sealed class StopSteps(ILogger logger, FatalFaults faults)
{
    /// <summary>Whether a step has failed. Nobody knows what it has left undone, so the next start has to look.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Takes a step.</summary>
    public async ValueTask Take(Func<ValueTask> step)
    {
        try
        {
            await step();
        }
        catch (Exception failure)
        {
            Note(failure);
        }
    }

    /// <inheritdoc cref="Take(Func{ValueTask})"/>
    public ValueTask Take(Func<Task> step) => Take(() => new ValueTask(step()));

    /// <inheritdoc cref="Take(Func{ValueTask})"/>
    public void Take(Action step)
    {
        try
        {
            step();
        }
        catch (Exception failure)
        {
            Note(failure);
        }
    }

    private void Note(Exception failure)
    {
        HasFailed = true;
        // Of a broken invariant, and of what fails because of it, there is a line.
        if (!faults.Report(failure) && faults.First is null) BrokerNodeLogMessages.StoppedInDisorder(logger, failure);
    }
}
