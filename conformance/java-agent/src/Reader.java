import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The card reader, pretended: it closes its batch, and can name the one that it closed last. In a device this is the payment software.
 * Its staff may close the day, too: `java -cp … Reader FILE` does so, and waits while the agent keeps people from it.
 */
final class Reader {
    private final Path path;
    private final DurableFile file;

    Reader(Path path) {
        this.path = path.toAbsolutePath();
        this.file = new DurableFile(path);
    }

    /** Null where no batch was ever closed. */
    String lastBatch() throws IOException {
        return file.read();
    }

    /** Closes the open batch. Whoever calls it has kept everybody else from closing. */
    String close() throws IOException {
        String last = lastBatch();
        String batch = String.format("%06d", last == null ? 1 : Integer.parseInt(last) + 1);
        file.write(batch);
        return batch;
    }

    /** Keeps others from closing, until the answer is closed. It ends with the program, however that ends. */
    Kept keep() throws IOException {
        FileChannel channel = FileChannel.open(
                path.resolveSibling(path.getFileName() + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock();
        return () -> {
            lock.release();
            channel.close();
        };
    }

    interface Kept {
        void close() throws IOException;
    }

    public static void main(String[] arguments) throws IOException {
        Reader reader = new Reader(Path.of(arguments[0]));
        Kept kept = reader.keep();
        reader.close();
        kept.close();
    }
}
