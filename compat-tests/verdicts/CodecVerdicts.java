import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.internals.BufferSupplier;
import org.apache.kafka.common.utils.internals.PrimitiveRef;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

/**
 * Asks Apache Kafka's own classes about batches with given compressed payloads. verdicts.py makes the payloads and compares.
 *
 * <p>Usage: {@code java CodecVerdicts PAYLOADS ANSWERS}
 *
 * <p>A payload is a codec (a byte), the number of records (four), its length (four) and its bytes. An answer is a line: the error code of the broker's
 * validation where the topic keeps the batch as it is, the one where the topic stores it uncompressed, and whether a consumer reads every record.
 */
public class CodecVerdicts {
    private static final int HEADER = 61;
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);
    private static final BufferSupplier BUFFERS = BufferSupplier.create();
    private static final LogValidator.MetricsRecorder NO_METRICS = new LogValidator.MetricsRecorder() {
        @Override public void recordInvalidMagic() { }
        @Override public void recordInvalidOffset() { }
        @Override public void recordInvalidSequence() { }
        @Override public void recordInvalidChecksums() { }
        @Override public void recordNoKeyCompactedTopic() { }
    };

    public static void main(String[] args) throws Exception {
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(Path.of(args[0]))));
             var out = new PrintWriter(Files.newBufferedWriter(Path.of(args[1])))) {
            while (true) {
                int codec;
                try {
                    codec = in.readUnsignedByte();
                } catch (EOFException end) {
                    break;
                }
                int count = in.readInt();
                byte[] payload = in.readNBytes(in.readInt());
                byte[] batch = batch(codec, count, payload);
                var type = CompressionType.forId(codec);
                out.println(verdict(batch.clone(), type, Compression.of(type).build()) + " " + verdict(batch.clone(), type, Compression.NONE) + " " + (isReadable(batch, count) ? "readable" : "unreadable"));
            }
        }
    }

    private static byte[] batch(int codec, int count, byte[] payload) {
        var batch = ByteBuffer.allocate(HEADER + payload.length);
        batch.putLong(0).putInt(HEADER + payload.length - 12).putInt(0).put((byte) 2).putInt(0);
        batch.putShort((short) codec).putInt(count - 1).putLong(0).putLong(0).putLong(-1).putShort((short) -1).putInt(-1).putInt(count).put(payload);
        var crc = new CRC32C();
        crc.update(batch.array(), 21, batch.capacity() - 21);
        batch.putInt(17, (int) crc.getValue());
        return batch.array();
    }

    private static short verdict(byte[] batch, CompressionType source, Compression target) {
        try {
            var records = MemoryRecords.readableRecords(ByteBuffer.wrap(batch));
            for (MutableRecordBatch one : records.batches()) one.ensureValid();
            new LogValidator(records, PARTITION, Time.SYSTEM, source, target, false, RecordBatch.CURRENT_MAGIC_VALUE, TimestampType.CREATE_TIME, Long.MAX_VALUE, Long.MAX_VALUE, 0, AppendOrigin.CLIENT)
                .validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(0), NO_METRICS, BUFFERS);
            return 0;
        } catch (RecordValidationException e) {
            return Errors.forException(e.invalidException()).code();
        } catch (Throwable e) {
            return Errors.forException(e).code();
        }
    }

    /** As the consumer reads: every record with its key, value and headers. */
    private static boolean isReadable(byte[] batch, int count) {
        try {
            int read = 0;
            for (MutableRecordBatch one : MemoryRecords.readableRecords(ByteBuffer.wrap(batch)).batches()) {
                one.ensureValid();
                try (var records = one.streamingIterator(BUFFERS)) {
                    while (records.hasNext()) {
                        Record record = records.next();
                        record.ensureValid();
                        record.key();
                        record.value();
                        record.headers();
                        read++;
                    }
                }
            }
            return read == count;
        } catch (Throwable e) {
            if (System.getenv("WHY") != null) e.printStackTrace();
            return false;
        }
    }
}
