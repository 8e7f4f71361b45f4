import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/**
 * Stands for the card reader: it closes batches, by whomever it is told to, and can name the one that it closed last. A file, so
 * that staff can close the day from another process: {@code java Reader FOLDER}.
 */
final class Reader {
    /** A batch that is closed. */
    record Batch(String id, Instant closedAt) {}

    private final Path file;
    private final Path lock;
    private FileChannel held;

    Reader(Path folder) throws IOException {
        Files.createDirectories(folder);
        file = folder.resolve("reader.json");
        lock = folder.resolve("reader.lock");
    }

    /** Null where none was ever closed. */
    Batch lastBatch() {
        Message known = Durable.read(file);
        return known == null ? null : new Batch(known.text("batch_id"), known.time("closed_at"));
    }

    /** Nobody else closes a batch until `release`; waits for whoever does just now. */
    void keep() throws IOException {
        held = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        held.lock();
    }

    void release() {
        try {
            if (held != null) held.close();
        } catch (IOException cause) {
            // The lock ends with the process at the latest.
        }
        held = null;
    }

    /** Closes the open batch; for whoever keeps the reader. */
    Batch close() throws IOException {
        Batch last = lastBatch();
        int number = last == null ? 1 : Integer.parseInt(last.id()) + 1;
        Batch closed = new Batch(String.format("%06d", number), Instant.now());
        Durable.replace(file, Message.map("batch_id", closed.id(), "closed_at", Message.text(closed.closedAt())));
        return closed;
    }

    public static void main(String[] args) throws IOException {
        Reader reader = new Reader(Path.of(args[0]));
        reader.keep();
        System.out.println("closed batch " + reader.close().id());
        reader.release();
    }
}
