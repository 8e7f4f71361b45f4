import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that are whole after a power cut: the old one or the new one. */
final class Durable {
    private Durable() {}

    static void replace(Path file, Object json) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        ByteBuffer bytes = ByteBuffer.wrap(Json.write(json).getBytes(StandardCharsets.UTF_8));
        try (FileChannel out = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (bytes.hasRemaining()) out.write(bytes);
            out.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // A rename alone may be undone by a power cut.
        try (FileChannel folder = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
    }

    /** Null where there is none, or none that can be read. */
    static Message read(Path file) {
        try {
            return Message.read(Files.readAllBytes(file));
        } catch (IOException | Malformed cause) {
            return null;
        }
    }
}
