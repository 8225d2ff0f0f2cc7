using KafkaCompat.Broker.Configs;
using KafkaCompat.Server.Hosting;
using Xunit;

namespace KafkaCompat.Server.Tests.Transport;

public sealed class SocketBufferTests
{
    private const int AdaptedBySystem = -1;
    private const string Least =
        "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\nlisteners=PLAINTEXT://127.0.0.1:0,"
            + "CONTROLLER://127.0.0.1:0\ncontroller.quorum.voters=1@127.0.0.1:9093\n";

    [Theory]
    [InlineData("", AdaptedBySystem, 102_400)]
    [InlineData("socket.receive.buffer.bytes=102400\nsocket.send.buffer.bytes=-1", 102_400, AdaptedBySystem)]
    public void Where_no_size_is_set_the_system_adapts_what_comes_in_and_what_goes_out_has_Kafkas(string settings, int receive, int send)
    {
        var options = RunningNode.TransportOptions(ServerConfig.Create(ConfigProperties.Parse(Least + settings), "here"), isGuest: false);

        Assert.Equal((receive, send), (options.ReceiveBufferBytes, options.SendBufferBytes));
    }
}
