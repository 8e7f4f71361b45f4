import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Sends the log in order, and again until the server holds it (rules 8 to 11, 14). For the agent's thread only. */
final class ResultSender {
    private static final int AHEAD = 8;
    private static final long FIRST_MS = 2_000;
    private static final long LONGEST_MS = 30_000;
    private static final long SOON_MS = 100;

    private final Journal journal;
    private final Timers timers;
    private final Consumer<Map<String, Object>> send;
    /** Results that could not be written to the journal. */
    private final List<Map<String, Object>> unstored = new ArrayList<>();
    /** The last `memory` of the server on this connection; null before its welcome. */
    private Map<String, Object> memory;
    /** The last number that was sent since the server last corrected the position. */
    private int toldTo;
    private int held;
    private long pauseMs = FIRST_MS;
    private Runnable repetition = () -> { };
    private boolean isRepeated;

    ResultSender(Journal journal, Timers timers, Consumer<Map<String, Object>> send) {
        this.journal = journal;
        this.timers = timers;
        this.send = send;
    }

    /** How much of the log the server holds, by its last message; null before the welcome of this connection. */
    Map<String, Object> memory() {
        return memory;
    }

    int held() {
        return held;
    }

    void pause() {
        memory = null;
        repetition.run();
        isRepeated = false;
    }

    /** Takes the memory of a welcome or a memory message: all entries after it are sent anew. */
    void goOn(Map<String, Object> said) {
        hold(said);
        toldTo = held;
        pauseMs = FIRST_MS;
        tell();
    }

    void receipt(String operationId, boolean isStored, Map<String, Object> said) {
        int before = held;
        hold(said);
        if (isStored) unstored.removeIf(entry -> entry.get("operation_id").equals(operationId));
        if (held > before) pauseMs = FIRST_MS;
        if (held < before) toldTo = held;
        if (isStored) tell();
        else repeatIn(SOON_MS);
    }

    /** To be called after an entry was added to the journal. */
    void added() {
        tell();
    }

    void addUnstored(Map<String, Object> entry) {
        unstored.add(entry);
        tell();
    }

    /**
     * Sends an entry again because its command came again; an entry that was never sent comes in its turn (rule 17).
     */
    void again(Map<String, Object> entry) {
        int number = Journal.numberOf(entry);
        if (memory == null || number > toldTo) return;
        send.accept(journal.after(number - 1).get(0));
    }

    private void hold(Map<String, Object> said) {
        memory = said;
        held = Json.integer(said.get("number"));
    }

    private void tell() {
        if (memory == null) return;
        List<Map<String, Object>> rest = journal.after(held);
        for (Map<String, Object> entry : rest) {
            int number = Journal.numberOf(entry);
            if (number <= toldTo) continue;
            if (number > held + AHEAD) break;
            send.accept(entry);
            toldTo = number;
        }
        if (!rest.isEmpty() || !unstored.isEmpty()) {
            if (!isRepeated) repeatIn((long) (pauseMs * (0.75 + Math.random() / 4)));
        } else {
            repetition.run();
            isRepeated = false;
        }
    }

    private void repeatIn(long ms) {
        repetition.run();
        isRepeated = true;
        repetition = timers.after(ms, () -> {
            isRepeated = false;
            if (ms > SOON_MS) pauseMs = Math.min(2 * pauseMs, LONGEST_MS);
            toldTo = held;
            storeLate();
            unstored.forEach(send);
            tell();
        });
    }

    /** Tries to write the results that could not be written before; they are then sent like all others. */
    private void storeLate() {
        while (!unstored.isEmpty()) {
            try {
                journal.add(unstored.get(0), journal.batch(), held);
                unstored.remove(0);
            } catch (java.io.IOException stillFull) {
                return;
            }
        }
    }
}
