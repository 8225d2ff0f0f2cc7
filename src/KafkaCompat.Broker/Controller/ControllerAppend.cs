namespace KafkaCompat.Broker.Controller;

/// <summary>Commands that were decided together, and the offset behind all that their answers rest on.</summary>
internal sealed record ControllerAppend(long EndOffset, List<ControllerCommand> Commands)
{
    /// <summary>Nothing is known of what was decided.</summary>
    public void Fail(Func<NotControllerException> answer) => Commands.ForEach(command => command.Fail(answer()));
}
