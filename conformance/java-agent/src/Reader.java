import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A simulated card reader: it closes its batch, and can name the batch that it closed last. In a real device this is
 * the payment software. Staff may close the day by hand, too: `java -cp … Reader FILE` does so, and waits while the
 * agent holds the lock.
 */
final class Reader {
    private final Path path;
    private final DurableFile file;

    Reader(Path path) {
        this.path = path.toAbsolutePath();
        this.file = new DurableFile(path);
    }

    /** The batch that was closed last; null when none ever was. */
    String lastBatch() throws IOException {
        return file.read();
    }

    /** Closes the open batch. The caller must hold the lock that `lock` returns. */
    String close() throws IOException {
        String last = lastBatch();
        String batch = String.format("%06d", last == null ? 1 : Integer.parseInt(last) + 1);
        file.write(batch);
        return batch;
    }

    /**
     * Locks the reader against closes by others, until the returned lock is closed. The end of the program releases it,
     * too.
     */
    CloseLock lock() throws IOException {
        FileChannel channel = FileChannel.open(
                path.resolveSibling(path.getFileName() + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock();
        return () -> {
            lock.release();
            channel.close();
        };
    }

    interface CloseLock {
        void close() throws IOException;
    }

    public static void main(String[] arguments) throws IOException {
        Reader reader = new Reader(Path.of(arguments[0]));
        CloseLock closeLock = reader.lock();
        reader.close();
        closeLock.close();
    }
}
