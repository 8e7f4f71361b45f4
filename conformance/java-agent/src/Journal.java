import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * The device's memory: its address, the begun operation, and the numbered log of results. Each change is on the disk
 * when its method returns; a method that throws has changed nothing.
 */
final class Journal {
    /** The journal of the device's address is lost or an old copy: the device needs another password. */
    static final class OldCopy extends Exception {
        private static final long serialVersionUID = 1;

        OldCopy(String message) {
            super(message);
        }
    }

    private static final int KEPT = 50;
    private static final Duration KEPT_FOR = Duration.ofDays(7);

    private final DurableFile file;
    private final DurableFile counterFile;
    /**
     * The last number by address, for all addresses that were begun. Must not be lost or restored with the journal
     * (rule 5).
     */
    private final Map<String, Object> counter;
    private String address;
    private List<Map<String, Object>> entries = new ArrayList<>();
    private Map<String, Object> begun;
    /** The batch that the reader closed last, by the log; null without one. */
    private String batch;

    private Journal(DurableFile file, DurableFile counterFile) throws IOException {
        this.file = file;
        this.counterFile = counterFile;
        String counted = counterFile.read();
        this.counter = counted == null ? new HashMap<>() : Json.parseObject(counted);
    }

    /**
     * Opens the journal of an address. A new address takes over the entries of an earlier one, under new numbers (rule
     * 13).
     */
    static Journal open(DurableFile file, DurableFile counterFile, String address) throws IOException, OldCopy {
        Journal journal = new Journal(file, counterFile);
        boolean isThere = journal.read();
        if (!isThere && file.read() != null && journal.counter.isEmpty())
            throw new OldCopy("the journal cannot be read, and may be that of " + address);
        boolean isBegun = journal.counter.containsKey(address);
        if (isThere && address.equals(journal.address)) {
            if (isBegun && journal.lastNumber() < Json.integer(journal.counter.get(address)))
                throw new OldCopy("the journal is behind its counter");
            return journal;
        }
        if (isBegun) throw new OldCopy("the journal of " + address + " is lost");
        List<Map<String, Object>> anew = new ArrayList<>();
        for (Map<String, Object> entry : journal.entries) anew.add(numbered(anew.size() + 1, entry));
        journal.write(address, anew, journal.begun, journal.batch);
        return journal;
    }

    private boolean read() throws IOException {
        String text = file.read();
        if (text == null) return false;
        try {
            Map<String, Object> kept = Json.parseObject(text);
            address = Json.string(kept.get("address"));
            batch = (String) kept.get("batch");
            begun = kept.get("begun") == null ? null : Json.object(kept.get("begun"));
            for (Object entry : Json.list(kept.get("entries"))) entries.add(Json.object(entry));
            return true;
        } catch (RuntimeException unreadable) {
            return false;
        }
    }

    String address() {
        return address;
    }

    String batch() {
        return batch;
    }

    /** The begun command with `started_at`; null when none is begun. */
    Map<String, Object> begun() {
        return begun;
    }

    Map<String, Object> find(String operationId) {
        return last(entry -> entry.get("operation_id").equals(operationId));
    }

    /** The result of the last `end_of_day` of a request (rule 23); null without one. */
    Map<String, Object> closeOfRequest(String request) {
        if (request == null) return null;
        return last(entry -> entry.get("operation").equals("end_of_day") && request.equals(Command.requestIn(entry)));
    }

    /** The id of the last operation that may have closed a batch; null without one. */
    String lastClose() {
        Map<String, Object> close = last(Journal::isClose);
        return close == null ? null : (String) close.get("operation_id");
    }

    int lastNumber() {
        return entries.isEmpty() ? 0 : numberOf(entries.get(entries.size() - 1));
    }

    /** Rule 6: whether the server's memory does not fit this journal. A number whose entry was dropped fits. */
    boolean contradicts(int number, String id) {
        if (number > lastNumber()) return true;
        Map<String, Object> entry = last(one -> numberOf(one) == number);
        return entry != null && !entry.get("operation_id").equals(id);
    }

    /** The entries after `number`, as they are sent. */
    List<Map<String, Object>> after(int number) {
        List<Map<String, Object>> told = new ArrayList<>();
        int before = 0;
        for (Map<String, Object> entry : entries) {
            if (numberOf(entry) > number) told.add(before == numberOf(entry) - 1 ? entry : with(entry, "after", before));
            before = numberOf(entry);
        }
        return told;
    }

    void begin(Command command, String startedAt) throws IOException {
        write(address, entries, with(command.message(), "started_at", startedAt), batch);
    }

    /** Removes the begun command: it does not begin now (rule 26). */
    void takeBack() throws IOException {
        write(address, entries, null, batch);
    }

    /** Adds an entry to the log; the result of the begun command removes that. */
    void add(Map<String, Object> entry, String newBatch, int held) throws IOException {
        List<Map<String, Object>> next = withoutOld(held);
        next.add(numbered(lastNumber() + 1, entry));
        boolean isAnswer = begun != null && begun.get("operation_id").equals(entry.get("operation_id"));
        write(address, next, isAnswer ? null : begun, newBatch);
    }

    /** Adds a close that was made by hand at the terminal (rule 24). */
    void addCloseByHand(String closed, int held) throws IOException {
        Map<String, Object> result = Json.of("outcome", "unconfirmed", "batch_id", closed);
        Map<String, Object> entry = Json.of("operation_id", UUID.randomUUID().toString(), "operation", "end_of_day");
        entry.putAll(Json.of("status", "COMPLETED", "finished_at", ServerTime.ownTime(), "result", result, "by_hand", true));
        add(entry, closed, held);
    }

    /** Whether an entry may have closed a batch. */
    static boolean isClose(Map<String, Object> entry) {
        if (!entry.get("operation").equals("end_of_day") || entry.get("repeats") != null) return false;
        if (entry.get("status").equals("FAILED")) return Boolean.TRUE.equals(entry.get("unknown_end"));
        return !"declined".equals(Json.object(entry.get("result")).get("outcome"));
    }

    static int numberOf(Map<String, Object> entry) {
        return Json.integer(entry.get("number"));
    }

    /** Rule 12: the entries without old ones that the server holds. */
    private List<Map<String, Object>> withoutOld(int held) {
        List<Map<String, Object>> kept = new ArrayList<>();
        Instant since = Instant.now().minus(KEPT_FOR);
        int closes = 0;
        int others = 0;
        for (int i = entries.size() - 1; i >= 0; i--) {
            Map<String, Object> entry = entries.get(i);
            int later = isClose(entry) ? closes++ : others++;
            boolean isYoung = Instant.parse((String) entry.get("finished_at")).isAfter(since);
            if (later < KEPT || isYoung || numberOf(entry) > held) kept.add(0, entry);
        }
        return kept;
    }

    private Map<String, Object> last(java.util.function.Predicate<Map<String, Object>> wanted) {
        for (int i = entries.size() - 1; i >= 0; i--) if (wanted.test(entries.get(i))) return entries.get(i);
        return null;
    }

    private static Map<String, Object> numbered(int number, Map<String, Object> entry) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("number", number);
        made.putAll(entry);
        made.put("number", number);
        return made;
    }

    private static Map<String, Object> with(Map<String, Object> message, String name, Object value) {
        Map<String, Object> made = new LinkedHashMap<>(message);
        made.put(name, value);
        return made;
    }

    private void write(String nextAddress, List<Map<String, Object>> nextEntries, Map<String, Object> nextBegun, String nextBatch)
            throws IOException {
        Map<String, Object> kept = Json.of("address", nextAddress, "batch", nextBatch, "begun", nextBegun);
        kept.put("entries", nextEntries);
        file.write(Json.write(kept));
        address = nextAddress;
        entries = nextEntries;
        begun = nextBegun;
        batch = nextBatch;
        // The counter is written after the journal, so that it is never ahead of it.
        if (Objects.equals(counter.put(address, lastNumber()), lastNumber())) return;
        try {
            counterFile.write(Json.write(counter));
        } catch (IOException full) {
            System.err.println("The counter beside the key could not be written: " + full.getMessage());
        }
    }
}
