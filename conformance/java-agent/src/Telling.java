import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Tells the log in order, and again until the server holds it (rules 8 to 11, 14). For the agent's thread alone. */
final class Telling {
    private static final int AHEAD = 8;
    private static final long FIRST_MS = 2_000;
    private static final long LONGEST_MS = 30_000;
    private static final long SOON_MS = 100;

    private final Journal journal;
    private final Timers timers;
    private final Consumer<Map<String, Object>> send;
    /** What the journal could not take. */
    private final List<Map<String, Object>> unstored = new ArrayList<>();
    /** As the server said it last on this link; null before. */
    private Map<String, Object> memory;
    /** The number that was told last, since the server said something else than what was believed. */
    private int toldTo;
    private int held;
    private long pauseMs = FIRST_MS;
    private Runnable repetition = () -> { };
    private boolean isRepeated;

    Telling(Journal journal, Timers timers, Consumer<Map<String, Object>> send) {
        this.journal = journal;
        this.timers = timers;
        this.send = send;
    }

    /** How far the server holds the log, as it said last; null where it has not on this link. */
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

    /** The server has said by a welcome, or by a word of its own, how far it is: all behind that is told anew. */
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

    /** The journal has an entry more. */
    void added() {
        tell();
    }

    void addUnstored(Map<String, Object> entry) {
        unstored.add(entry);
        tell();
    }

    /** Somebody asked for it again, who may not have got it; what is not told yet comes in its turn (rule 17). */
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

    /** Once the journal can take it, it is told as any other. */
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
