using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Storage.Tests;

public sealed class FileShortageTests
{
    private static readonly IOException Shortage = FileShortage.OfDescriptors("/data/a-0/0.log");

    [Fact]
    public void A_shortage_is_found_however_deep_it_lies()
    {
        Assert.True(FileShortage.IsOfDescriptors(Shortage));
        Assert.True(FileShortage.IsOfDescriptors(new KafkaStorageException("refused", Shortage)));
        Assert.True(FileShortage.IsOfDescriptors(new InvalidOperationException("read", new KafkaStorageException("refused", Shortage))));
        Assert.False(FileShortage.IsOfDescriptors(new IOException("Input/output error", 5)));
        Assert.False(FileShortage.IsOfDescriptors(new KafkaStorageException("gone", new IOException("No space left on device", 28))));
    }

    [Fact]
    public void What_a_health_refuses_may_be_tried_again()
    {
        var health = new DirectoryHealth();
        Assert.True(FileShortage.IsOfDescriptors(health.RefusedBy(Shortage)));
        Assert.False(health.IsFailed);
    }

    [Fact]
    public void A_directory_that_failed_for_a_shortage_does_not_come_back_when_the_shortage_is_over()
    {
        var health = new DirectoryHealth();
        Assert.False(FileShortage.IsOfDescriptors(Assert.Throws<KafkaStorageException>(() => health.OrFail(() => throw Shortage))));
        Assert.False(FileShortage.IsOfDescriptors(Assert.Throws<KafkaStorageException>(health.Require)));
    }
}
