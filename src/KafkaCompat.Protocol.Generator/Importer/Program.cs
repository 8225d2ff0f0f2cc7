using KafkaCompat.Protocol.Importer;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: importer <folder with Kafka's messages and tables> <protocol-specs>");
    return 2;
}

var reference = args[0];
var specs = args[1];
new MessageImporter(reference, specs).Run();
new TableImporter(Path.Combine(reference, "tables"), specs).Run();
new EnumImporter(Path.Combine(reference, "tables"), specs).Run();
return 0;
