using System.Text;
using KafkaCompat.Storage.Directories;
using KafkaCompat.Storage.Files;
using Xunit;

namespace KafkaCompat.Storage.Tests;

/// <summary>
/// A meta.properties that cannot be read says what is wrong with it. Apache Kafka refuses the same files; of the first six it says only that it found no node
/// id.
/// </summary>
public sealed class MetaPropertiesTests
{
    [Theory]
    [InlineData("the file is empty", "")]
    [InlineData("the file has none of version, cluster.id, node.id", "\n")]
    [InlineData("the file has none of version, cluster.id, node.id", "# a comment\n")]
    [InlineData("the file has none of version, cluster.id, node.id", "hello world, this is garbage\n")]
    [InlineData("the file has none of version, cluster.id, node.id", "\0\0\0\0\0\0\0\0")]
    [InlineData("version is missing", "node.id=1\ncluster.id=abc\n")]
    [InlineData("version is missing", "#\n#Sun Nov 29\nnode.id=1\n")]
    [InlineData("version 0 needs broker.id, which is missing", "version=0\ncluster.id=abc\n")]
    [InlineData("version 1 needs node.id, which is missing", "version=1\ncluster.id=abc\n")]
    [InlineData("node.id is 'x', which is not a number", "version=1\ncluster.id=abc\nnode.id=x\n")]
    [InlineData("cluster.id is missing", "version=1\nnode.id=1\n")]
    [InlineData("this broker does not read version 'x'", "version=x\ncluster.id=abc\nnode.id=1\n")]
    [InlineData("directory.id is 'x', which is not a directory id", "version=1\ncluster.id=abc\nnode.id=1\ndirectory.id=x\n")]
    [InlineData("malformed \\uxxxx encoding in line 2", "version=1\ncluster.id=\\u00\n")]
    public void WhatIsWrongIsNamed(string expected, string content)
    {
        var files = new ForgetfulFileStore(TimeProvider.System);
        files.CreateFolder("/d");
        files.WriteAtomically("/d/meta.properties", Encoding.Latin1.GetBytes(content));
        var message = Assert.Throws<LogCorruptionException>(() => MetaProperties.Read(files, "/d")).Message;
        Assert.StartsWith("/d/meta.properties: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
