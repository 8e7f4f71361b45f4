import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which addresses this device has begun journals for, and how far each was (rule 5). It lies where the device keeps its secrets:
 * whoever puts an old copy of the journal back does not bring an old copy of this.
 */
final class Counter {
    private static final String OLD = "old";

    private final Path file;
    private final Map<String, Object> last = new LinkedHashMap<>();

    Counter(Path file) {
        this.file = file;
        Message known = Durable.read(file);
        if (known != null) last.putAll(known.fields());
    }

    boolean knows(String address) {
        return last.containsKey(address);
    }

    /** Whether a journal of that address which ends with that number is less than there was, or known as an old copy. */
    boolean isAhead(String address, int number) {
        Object known = last.get(address);
        return OLD.equals(known) || known instanceof Number counted && counted.intValue() > number;
    }

    /** After the journal was written. */
    void note(String address, int number) throws IOException {
        if (OLD.equals(last.get(address))) return;
        last.put(address, number);
        Durable.replace(file, last);
    }

    /** The server has shown that the journal of that address is an old copy: also the next start has to know. */
    void noteOld(String address) throws IOException {
        last.put(address, OLD);
        Durable.replace(file, last);
    }
}
