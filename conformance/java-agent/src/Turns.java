import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Deals with commands: each waits for its turn, is answered or begun once, and ends. The numbers in the comments are
 * the rules of docs/device-protocol.md. For the agent's thread; only the operation itself runs on another.
 */
final class Turns {
    static final String VERSION = "1.0.0";
    private static final int MOST_NAMED = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long LOOK_MS = 60_000;

    /** A command that waits for its turn. A cancelled close waits, too, perhaps without its command: rule 29. */
    private static final class Waiting {
        Command command;
        boolean isCancelled;
        final String receivedAt = ServerTime.ownTime();
        final long since = System.nanoTime();

        Duration here() {
            return Duration.ofNanos(System.nanoTime() - since);
        }
    }

    private final Timers timers;
    private final Journal journal;
    private final Reader reader;
    private final ResultSender telling;
    private final ServerTime time;
    private final HelloExchange.Out out;
    /** Sends hello again; called when the server's time is in doubt. */
    private final Runnable askAgain;
    private final Map<String, Waiting> waiting = new LinkedHashMap<>();
    /** Cancellations of closes whose command has not come. */
    private final Map<String, Command> cancels = new LinkedHashMap<>();
    private Work running;
    /** Written as begun, and not begun yet: messages that came during the write are taken first (rule 29). */
    private Waiting beginning;
    private Runnable nextLook = () -> { };
    /** Rule 6: whether a welcome of this run was compared with the journal. */
    private boolean isCompared;
    /** Called when no operation runs any more; null unless the agent stops. */
    private Runnable stopped;

    Turns(Timers timers, Journal journal, Reader reader, ResultSender telling, ServerTime time, HelloExchange.Out out, Runnable askAgain) {
        this.timers = timers;
        this.journal = journal;
        this.reader = reader;
        this.telling = telling;
        this.time = time;
        this.out = out;
        this.askAgain = askAgain;
    }

    void compared() {
        isCompared = true;
        takeTurns();
    }

    /** Begins nothing more, and calls `whenOver` when no operation runs. */
    void stop(Runnable whenOver) {
        stopped = whenOver;
        if (running == null && beginning == null) whenOver.run();
    }

    /** The waiting and begun operations for a hello (rule 2). */
    List<Object> operations() {
        List<Object> operations = new ArrayList<>();
        if (running != null) operations.add(Json.of("operation_id", running.command.id(), "phase", "started"));
        List<String> ids = new ArrayList<>(waiting.keySet());
        for (int i = ids.size() - 1; i >= 0 && operations.size() < MOST_NAMED; i--)
            if (waiting.get(ids.get(i)).command != null) operations.add(Json.of("operation_id", ids.get(i), "phase", "delivered"));
        return operations;
    }

    void commanded(Command command) {
        String id = command.id();
        if (stopped != null) return;
        Map<String, Object> entry = journal.find(id);
        Waiting known = waiting.get(id);
        boolean isCopy = known != null && known.command != null;
        if (entry != null) telling.again(entry);
        else if (running != null && running.command.id().equals(id)) sayStarted();
        else {
            if (known == null) waiting.put(id, known = new Waiting());
            if (known.command == null) known.command = command;
            takeTurns();
            boolean begins = beginning == known && !isCopy;
            if (waiting.containsKey(id) && !begins) sayDelivered(id, known);
        }
    }

    void cancelled(Command cancel) {
        String id = cancel.id();
        if (stopped != null) return;
        Map<String, Object> entry = journal.find(id);
        if (entry != null) telling.again(entry);
        else if (running != null && running.command.id().equals(id)) {
            if (!running.interrupt()) out.send("cancel_refused", Json.of("operation_id", id));
        } else if (cancel.isClose()) {
            Waiting known = waiting.computeIfAbsent(id, none -> new Waiting());
            known.isCancelled = true;
            if (known.command == null) cancels.put(id, cancel);
            takeTurns();
        } else if (beginning != null && beginning.command.id().equals(id)) {
            beginning.isCancelled = true;
        } else {
            Waiting known = waiting.remove(id);
            answer((known == null ? cancel : known.command).answered("FAILED", "reason", "cancelled"));
        }
    }

    private void takeTurns() {
        for (String id : List.copyOf(waiting.keySet())) {
            if (running != null || beginning != null || stopped != null) return;
            Waiting next = waiting.get(id);
            if (!mayBeDecided(next)) continue;
            Command cancel = cancels.remove(id);
            if (next.command != null) decide(next);
            if (beginning == null) waiting.remove(id);
            if (next.command != null) continue;
            // Rule 29: a close without its command is compared by the fields of its cancellation.
            if (!isClosedOtherwise(cancel)) answer(cancel.answered("FAILED", "reason", "cancelled"));
        }
    }

    /**
     * Rules 6, 33 and 34: whether the comparison is done and the server's time is known, or was waited for long enough.
     */
    private boolean mayBeDecided(Waiting next) {
        boolean isClose = next.command == null || next.command.isClose();
        if (isClose && !isCompared) return false;
        if (time.isTrusted() || next.here().compareTo(PATIENCE) >= 0) return true;
        if (isCompared) askAgain.run();
        timers.after(PATIENCE.minus(next.here()).toMillis() + 1, this::takeTurns);
        return false;
    }

    private void decide(Waiting next) {
        Command command = next.command;
        if (command.unknownWord() != null) {
            Object error = Json.of("code", "unsupported", "message", "This agent does not know " + command.unknownWord());
            answer(command.answered("FAILED", "reason", "unsupported", "error", error));
            return;
        }
        if (!next.isCancelled && isLate(next)) {
            answer(command.answered("FAILED", "reason", "expired"));
            return;
        }
        if (command.isClose() && isClosedOtherwise(command)) return;
        if (next.isCancelled) answer(command.answered("FAILED", "reason", "cancelled"));
        else writeBegun(next);
    }

    /** Rules 23 to 25: answers a close that must not begin; returns whether it did. */
    private boolean isClosedOtherwise(Command command) {
        Map<String, Object> first = journal.closeOfRequest(command.request());
        if (first != null) {
            answer(repeated(command, first));
            return true;
        }
        look();
        if (command.follows(journal.lastClose())) return false;
        answer(outOfStep(command));
        return true;
    }

    private Map<String, Object> outOfStep(Command command) {
        return command.answered("FAILED", "reason", "out_of_step", "last_close", journal.lastClose());
    }

    private static Map<String, Object> repeated(Command command, Map<String, Object> first) {
        Map<String, Object> entry = new LinkedHashMap<>(first);
        entry.remove("number");
        entry.putIfAbsent("repeats", first.get("operation_id"));
        entry.put("operation_id", command.id());
        entry.put("origin", command.message().get("origin"));
        entry.put("finished_at", ServerTime.ownTime());
        entry.remove("started_at");
        return entry;
    }

    /** Rule 16: writes that the command is begun, before it begins. */
    private void writeBegun(Waiting next) {
        try {
            journal.begin(next.command, ServerTime.ownTime());
            beginning = next;
            timers.soon(this::begin);
        } catch (IOException full) {
            System.err.println("Nothing can be begun: " + full.getMessage());
            telling.addUnstored(next.command.answered("FAILED", "reason", "storage_failed"));
        }
    }

    /** Begins the written command, after the messages that came during the write. */
    private void begin() {
        Waiting next = beginning;
        beginning = null;
        Command command = next.command;
        Reader.CloseLock closeLock = null;
        try {
            if (stopped != null) {
                journal.takeBack();
                stopped.run();
                return;
            }
            waiting.remove(command.id());
            if (next.isCancelled) answer(command.answered("FAILED", "reason", "cancelled"));
            else if (isLate(next)) answer(command.answered("FAILED", "reason", "expired"));
            else {
                // From here on no close by hand can happen, so that nothing comes between the comparison and the close.
                if (command.isClose()) closeLock = reader.lock();
                if (command.isClose() && !Objects.equals(reader.lastBatch(), journal.batch())) {
                    journal.takeBack();
                    closeLock.close();
                    look();
                    answer(outOfStep(command));
                } else {
                    running = new Work(command, (String) journal.begun().get("started_at"), closeLock, reader, VERSION, this::over);
                    sayStarted();
                    running.start();
                }
            }
        } catch (IOException full) {
            releaseLock(closeLock);
            System.err.println("It cannot begin: " + full.getMessage());
            answer(command.answered("FAILED", "reason", "storage_failed"));
        }
        takeTurns();
    }

    private boolean isLate(Waiting next) {
        return !time.now(next.command.sentAt(), next.here()).isBefore(next.command.expiresAt());
    }

    /** Called on the operation's thread when it has ended. */
    private void over(Work work, Object[] outcome) {
        timers.soon(() -> {
            Command command = work.command;
            boolean isDone = outcome[0].equals("COMPLETED");
            Object[] more = {"started_at", work.startedAt, isDone ? "result" : "reason", outcome[1]};
            Map<String, Object> entry = command.answered((String) outcome[0], more);
            if (!isDone && command.isClose()) entry.put("unknown_end", true);
            running = null;
            answer(entry);
            releaseLock(work.closeLock);
            if (stopped != null) stopped.run();
            else takeTurns();
        });
    }

    private static void releaseLock(Reader.CloseLock closeLock) {
        try {
            if (closeLock != null) closeLock.close();
        } catch (IOException over) {
            System.err.println(over.getMessage());
        }
    }

    /** Writes a result to the log, and sends it (rules 7 and 14). */
    private void answer(Map<String, Object> entry) {
        try {
            // The batch that the reader names right after an own close belongs to that close.
            boolean isOwnClose = entry.get("started_at") != null && Journal.isClose(entry);
            journal.add(entry, isOwnClose ? reader.lastBatch() : journal.batch(), telling.held());
            telling.added();
        } catch (IOException full) {
            System.err.println("A result could not be written: " + full.getMessage());
            Map<String, Object> unstored = new LinkedHashMap<>(entry);
            unstored.remove("result");
            unstored.putAll(Json.of("status", "FAILED", "reason", "storage_failed"));
            if (entry.get("started_at") != null && entry.get("operation").equals("end_of_day")) unstored.put("unknown_end", true);
            telling.addUnstored(unstored);
        }
    }

    /** Rule 22, after a start: finds out the end of an interrupted operation, and never carries it out again. */
    void settleInterrupted() {
        Map<String, Object> begun = journal.begun();
        if (begun == null) return;
        Object startedAt = begun.get("started_at");
        Map<String, Object> message = new LinkedHashMap<>(begun);
        message.remove("started_at");
        Command command = Command.read(message);
        String closed = command.isClose() ? closedMeanwhile() : null;
        if (closed != null) {
            Object result = Json.of("outcome", "unconfirmed", "batch_id", closed);
            answer(command.answered("COMPLETED", "started_at", startedAt, "result", result));
            return;
        }
        Object error = Json.of("code", "interrupted", "message", "The power went in the middle of it");
        Map<String, Object> entry =
                command.answered("FAILED", "started_at", startedAt, "reason", "device_error", "error", error);
        if (command.isClose()) entry.put("unknown_end", true);
        answer(entry);
    }

    /** After a crash in a close: the batch that the reader names and the log lacks. It belongs to that close. */
    private String closedMeanwhile() {
        try {
            String last = reader.lastBatch();
            return Objects.equals(last, journal.batch()) ? null : last;
        } catch (IOException silent) {
            return null;
        }
    }

    /** Rule 24: asks the reader whether the day was closed by hand. */
    void look() {
        if (running != null && running.command.isClose()) return;
        try {
            String last = reader.lastBatch();
            if (last != null && !last.equals(journal.batch())) {
                journal.addCloseByHand(last, telling.held());
                telling.added();
            }
        } catch (IOException full) {
            System.err.println("A close by hand could not be written: " + full.getMessage());
        }
        nextLook.run();
        nextLook = timers.after(LOOK_MS, this::look);
    }

    private void sayStarted() {
        out.send("started", Json.of("operation_id", running.command.id(), "started_at", running.startedAt));
    }

    private void sayDelivered(String id, Waiting known) {
        out.send("delivered", Json.of("operation_id", id, "received_at", known.receivedAt));
    }
}
