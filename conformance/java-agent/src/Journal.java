import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What outlives a power cut: the address that it is the memory of, what is begun, and the log (rules 7 to 15). Each change is one
 * write of the whole file, and happens in memory only when that is on the disk.
 */
final class Journal {
    private static final int KEPT_OF_EACH_KIND = 50;
    private static final Duration KEPT_AT_LEAST = Duration.ofDays(7);

    /** `batch` is the one that the last close of the log closed, or the reader named then. */
    private record State(String address, Map<String, Object> begun, String batch, List<Map<String, Object>> log) {}

    private final Path file;
    private final Counter counter;
    private State state;
    /** How far the server holds the log: what is beyond is never dropped. */
    private int held;

    private Journal(Path file, Counter counter, State state) {
        this.file = file;
        this.counter = counter;
        this.state = state;
    }

    /**
     * The journal of that address. Throws {@link Lost} where it is lost or an old copy: a device with a password cannot go on then
     * (docs/device-protocol.md, Memory).
     */
    static Journal open(Path file, Counter counter, String address) throws IOException {
        State found = read(file);
        boolean isOurs = found != null && address.equals(found.address);
        if (!isOurs && counter.knows(address)) throw new Lost("The journal of " + address + " is lost");
        if (isOurs && counter.isAhead(address, lastNumber(found))) throw new Lost("The journal is an old copy");
        if (isOurs) {
            Journal journal = new Journal(file, counter, found);
            journal.noteCounter();
            return journal;
        }
        Journal journal = new Journal(file, counter, new State(address, null, null, List.of()));
        // Rule 13: what it knows from before is told anew to the server of the new address.
        State known = found == null ? journal.state : found;
        journal.write(new State(address, known.begun, known.batch, renumbered(known.log)));
        // After the journal, and before it connects: from now on it can be lost.
        counter.note(address, journal.lastNumber());
        return journal;
    }

    static final class Lost extends IOException {
        private static final long serialVersionUID = 1;

        Lost(String message) {
            super(message + ". It needs another password, by POST .../credentials.");
        }
    }

    String address() {
        return state.address;
    }

    /** What was begun and is not answered; null where nothing is. */
    Map<String, Object> begun() {
        return state.begun;
    }

    String batch() {
        return state.batch;
    }

    int lastNumber() {
        return lastNumber(state);
    }

    /** The first entry after that number; null where there is none. */
    Map<String, Object> after(int number) {
        return state.log.stream().filter(entry -> number(entry) > number).findFirst().orElse(null);
    }

    /** The entry of an operation; null where there is none. */
    Map<String, Object> find(String operationId) {
        return state.log.stream().filter(entry -> entry.get("operation_id").equals(operationId)).findFirst().orElse(null);
    }

    /** The first answer to that request; null where none is known. */
    Map<String, Object> ofRequest(String request) {
        if (request == null) return null;
        return state.log.stream()
                .filter(entry -> entry.get("operation").equals("end_of_day") && !entry.containsKey("repeats"))
                .filter(entry -> entry.get("origin") instanceof Map<?, ?> origin && request.equals(origin.get("request")))
                .findFirst().orElse(null);
    }

    /** The id of the last entry that may have closed a batch; null where none has. */
    String lastClose() {
        return lastClose(state.log);
    }

    /** Rule 6: whether the server's word is about another log than this. A number that was dropped says nothing. */
    boolean contradicts(Memory memory) {
        if (memory.number() > lastNumber()) return true;
        return state.log.stream().anyMatch(
                entry -> number(entry) == memory.number() && !entry.get("operation_id").equals(memory.id()));
    }

    void held(int number) {
        held = number;
    }

    /** Rule 16: on the disk when this returns. */
    void begin(Map<String, Object> begun) throws IOException {
        write(new State(state.address, begun, state.batch, state.log));
    }

    void takeBack() throws IOException {
        begin(null);
    }

    /** Adds results under the next numbers, in one write; one of the operation that is begun ends it. */
    void add(List<Map<String, Object>> results, String batch) throws IOException {
        List<Map<String, Object>> log = new ArrayList<>(state.log);
        Map<String, Object> begun = state.begun;
        int number = lastNumber();
        for (Map<String, Object> result : results) {
            log.add(numbered(result, ++number));
            if (begun != null && begun.get("operation_id").equals(result.get("operation_id"))) begun = null;
        }
        write(new State(state.address, begun, batch == null ? state.batch : batch, kept(log)));
        noteCounter();
    }

    /** An entry as it is told: with `after` where the journal lacks the number before it (rule 11). */
    Map<String, Object> told(Map<String, Object> entry) {
        int before = 0;
        for (Map<String, Object> other : state.log) if (number(other) < number(entry)) before = number(other);
        if (before == number(entry) - 1) return entry;
        Map<String, Object> told = new LinkedHashMap<>(entry);
        told.put("after", before);
        return told;
    }

    static int number(Map<String, Object> entry) {
        return ((Number) entry.get("number")).intValue();
    }

    static boolean isClose(Map<String, Object> entry) {
        if (!entry.get("operation").equals("end_of_day") || entry.containsKey("repeats")) return false;
        if (entry.get("status").equals("FAILED")) return Boolean.TRUE.equals(entry.get("unknown_end"));
        return !(entry.get("result") instanceof Map<?, ?> result && "declined".equals(result.get("outcome")));
    }

    private void noteCounter() {
        try {
            counter.note(state.address, lastNumber());
        } catch (IOException cause) {
            Log.line("the counter cannot be written: " + cause);
        }
    }

    private void write(State next) throws IOException {
        Durable.replace(file, Message.map(
                "address", next.address, "begun", next.begun, "batch", next.batch, "log", next.log));
        state = next;
    }

    /** Rule 12. */
    private List<Map<String, Object>> kept(List<Map<String, Object>> log) {
        Instant since = Instant.now().minus(KEPT_AT_LEAST);
        String lastClose = lastClose(log);
        int closes = 0;
        int others = 0;
        List<Map<String, Object>> kept = new ArrayList<>();
        for (int i = log.size() - 1; i >= 0; i--) {
            Map<String, Object> entry = log.get(i);
            boolean isAmongLast = (isClose(entry) ? ++closes : ++others) <= KEPT_OF_EACH_KIND;
            boolean isYoung = OffsetDateTime.parse((String) entry.get("finished_at")).toInstant().isAfter(since);
            boolean isLastClose = Objects.equals(entry.get("operation_id"), lastClose);
            if (isAmongLast || isYoung || isLastClose || number(entry) > held) kept.add(0, entry);
        }
        return kept;
    }

    private static String lastClose(List<Map<String, Object>> log) {
        String last = null;
        for (Map<String, Object> entry : log) if (isClose(entry)) last = (String) entry.get("operation_id");
        return last;
    }

    private static int lastNumber(State state) {
        return state.log.isEmpty() ? 0 : number(state.log.get(state.log.size() - 1));
    }

    private static List<Map<String, Object>> renumbered(List<Map<String, Object>> log) {
        List<Map<String, Object>> anew = new ArrayList<>();
        for (Map<String, Object> entry : log) anew.add(numbered(entry, anew.size() + 1));
        return anew;
    }

    private static Map<String, Object> numbered(Map<String, Object> entry, int number) {
        Map<String, Object> numbered = new LinkedHashMap<>();
        numbered.put("number", BigDecimal.valueOf(number));
        entry.forEach((name, value) -> {
            if (!name.equals("number")) numbered.put(name, value);
        });
        return numbered;
    }

    @SuppressWarnings("unchecked")
    private static State read(Path file) {
        Message known = Durable.read(file);
        if (known == null) return null;
        try {
            List<Map<String, Object>> log = (List<Map<String, Object>>) known.fields().get("log");
            Map<String, Object> begun = known.has("begun") ? known.object("begun").fields() : null;
            return new State(known.text("address"), begun, known.has("batch") ? known.text("batch") : null, log);
        } catch (Malformed cause) {
            return null;
        }
    }
}
