using KafkaCompat.Broker.Metadata;
using KafkaCompat.Storage.Files;

namespace KafkaCompat.Broker.Controller;

/// <summary>Commands that were decided together, and the offset behind all that their answers rest on.</summary>
internal sealed record ControllerAppend(long EndOffset, List<ControllerCommand> Commands)
{
    /// <summary>Nothing is known of what was decided.</summary>
    public void Fail(Func<NotControllerException> answer) => Commands.ForEach(command => command.Fail(answer()));

    /// <summary>
    /// What was decided is committed: heartbeats that changed nothing are answered now, and the rest when this node's metadata has it. Where that will not be
    /// any more, <paramref name="ended"/> makes the answer.
    /// </summary>
    public void Answer(MetadataApplier applier, TimeProvider clock, Func<Exception, NotControllerException> ended)
    {
        var tickMs = clock.TickMs();
        foreach (var command in Commands.Where(static command => !command.WaitsForMetadata))
        {
            command.Answer(tickMs);
        }

        // No answer waits for an append without commands, and there are more of these than commands.
        if (Commands.Exists(static command => command.WaitsForMetadata))
        {
            _ = AnswerWhenApplied(applier, clock, ended);
        }
    }

    private async Task AnswerWhenApplied(MetadataApplier applier, TimeProvider clock, Func<Exception, NotControllerException> ended)
    {
        Exception? cause = null;
        try
        {
            await applier.WhenApplied(EndOffset - 1);
        }
        catch (Exception failure)
        {
            cause = failure;
        }

        var tickMs = clock.TickMs();
        foreach (var command in Commands.Where(static command => command.WaitsForMetadata))
        {
            if (cause is null)
            {
                command.Answer(tickMs);
            }
            else
            {
                command.Fail(ended(cause));
            }
        }
    }
}
