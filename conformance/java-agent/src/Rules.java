import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;

/**
 * What becomes of commands (rules 16 to 31): one after another, none twice, none late, none during a payment, none that was
 * cancelled first, and no close that does not follow the last one. All of it runs on the thread of {@link Turns}.
 */
final class Rules {
    private static final long HOLD_BACK_MS = 5_000;
    private static final long LOOK_FOR_PAYMENTS_MS = 200;
    private static final int MOST_NAMED = 100;

    private record Running(Waiting of, String startedAt, CountDownLatch cancelled) {}

    private final Journal journal;
    private final Device device;
    private final Turns turns;
    private final Talk talk;
    private final List<Waiting> waiting = new ArrayList<>();
    /** Cancels that have come, noted by the thread that reads them: also while "begun" is being written. */
    private final Set<String> cancels = ConcurrentHashMap.newKeySet();
    private Running running;
    private ScheduledFuture<?> nextLook;
    private boolean isEnding;

    Rules(Journal journal, Device device, Turns turns, Talk talk) {
        this.journal = journal;
        this.device = device;
        this.turns = turns;
        this.talk = talk;
    }

    /** Settles what a power cut interrupted (rule 22), before anything is told. */
    void start() {
        Map<String, Object> begun = journal.begun();
        if (begun != null) {
            Device.Outcome outcome = device.afterBreak(
                    (String) begun.get("operation"), begun.get("batch"), "interrupted", "The power went while it ran");
            answer(List.of(Results.of(begun, (String) begun.get("started_at"), outcome.fields())), outcome.batch());
        }
        askReader();
        turns.every(60_000, this::askReader);
    }

    /** What waits or is begun, the latest last. */
    List<Object> operations() {
        List<Object> named = new ArrayList<>();
        if (running != null) named.add(Message.map("operation_id", running.of.id, "phase", "started"));
        for (Waiting one : waiting) {
            if (one.command != null) named.add(Message.map("operation_id", one.id, "phase", "delivered"));
        }
        return named.subList(Math.max(0, named.size() - MOST_NAMED), named.size());
    }

    void command(Command command) {
        if (repeats(command.id())) return;
        if (running != null && running.of.id.equals(command.id())) {
            sayStarted();
            return;
        }
        Waiting known = waitingFor(command.id());
        if (known == null && isEnding) return;
        if (known == null) {
            known = new Waiting(command.id(), command.operation(), command.origin());
            waiting.add(known);
        }
        if (known.command == null) known.command = command;
        advance();
        if (waiting.contains(known)) talk.say("delivered", Message.map("operation_id", known.id, "received_at", known.receivedAt));
    }

    /** On the thread that reads. */
    void noteCancel(String id) {
        cancels.add(id);
    }

    void cancel(String id, String operation, Map<String, Object> origin) {
        Waiting known = waitingFor(id);
        if (repeats(id)) {
            cancels.remove(id);
        } else if (running != null && running.of.id.equals(id)) {
            if (Device.mayBreakOff(operation)) running.cancelled.countDown();
            else talk.say("cancel_refused", Message.map("operation_id", id));
        } else if (!isEnding) {
            if (known == null) {
                known = new Waiting(id, operation, origin);
                waiting.add(known);
            }
            known.isCancelled = true;
            advance();
        }
    }

    /** Begins what may begin; and looks again when something may have changed. */
    void advance() {
        for (int i = 0; running == null && !isEnding && i < waiting.size();) {
            Waiting next = waiting.get(i);
            // Nobody else waits for a close that waits for the comparison (rules 6 and 33).
            if (next.isClose() && !talk.isCompared()) i++;
            else if (!takes(next)) return;
            else waiting.remove(next);
        }
    }

    /** Begins nothing more. `done` is called when what runs has come to its end. */
    void end(Runnable done) {
        isEnding = true;
        if (running == null) done.run();
        else turns.later(50, () -> end(done));
    }

    /** Asks which batch was closed last; one that the log lacks was closed by hand (rule 24). False where that cannot be written. */
    boolean askReader() {
        if (isEnding || running != null && running.of.isClose()) return true;
        Reader.Batch last = device.reader.lastBatch();
        if (last == null || last.id().equals(journal.batch())) return true;
        try {
            journal.add(List.of(Results.closedByHand(last)), last.id());
        } catch (IOException cause) {
            talk.storageFailed(cause);
            return false;
        }
        talk.added();
        return true;
    }

    /** Whether the operation was known before, and its result is told again (rules 17 and 31). */
    private boolean repeats(String id) {
        Map<String, Object> entry = journal.find(id);
        if (entry != null) talk.repeat(entry);
        return entry != null || talk.isUnwritten(id);
    }

    private Waiting waitingFor(String id) {
        return waiting.stream().filter(one -> one.id.equals(id)).findFirst().orElse(null);
    }

    private void sayStarted() {
        talk.say("started", Message.map("operation_id", running.of.id, "started_at", running.startedAt));
    }

    /** Begins it, or answers it. False while something has to be waited for. */
    private boolean takes(Waiting next) {
        Command command = next.command;
        if (command == null) return fails(next, "cancelled");
        if (command.isClose()) {
            Map<String, Object> first = journal.ofRequest(command.request());
            if (first != null) return answersAgain(next, first);
        } else if (next.isCancelled) {
            return fails(next, "cancelled");
        }
        if (!Device.can(command.operation()) || command.isStrange()) return fails(next, "unsupported");
        if (isHeldBack(next)) return false;
        if (isLate(next)) return fails(next, "expired");
        if (device.isPaying()) return isTooBusy(next);
        if (command.isClose()) {
            if (!askReader()) return fails(next, "storage_failed");
            if (!Objects.equals(command.previousClose(), journal.lastClose())) return answers(next, Results.outOfStep(journal.lastClose()));
            if (next.isCancelled) return fails(next, "cancelled");
        }
        return begins(next);
    }

    /** Without the server's time it waits for a welcome, for a while (rules 33 and 34). */
    private boolean isHeldBack(Waiting next) {
        if (talk.time.isTrusted()) return false;
        if (next.heldSince == 0) {
            next.heldSince = System.nanoTime();
            talk.sayHelloAgain();
            turns.later(HOLD_BACK_MS, this::advance);
        }
        return System.nanoTime() - next.heldSince < (HOLD_BACK_MS - 1) * 1_000_000;
    }

    private boolean isLate(Waiting next) {
        return !talk.time.now(next.command, next.cameNanos).isBefore(next.command.expiresAt());
    }

    /** Waits for the end of the payment, or gives up (rules 26 and 27). */
    private boolean isTooBusy(Waiting next) {
        boolean waits = next.command.whenBusy().equals("wait")
                && talk.time.now(next.command, next.cameNanos).isBefore(next.command.latestStart());
        if (!waits) return fails(next, "busy_payment");
        if (nextLook != null) nextLook.cancel(false);
        nextLook = turns.later(LOOK_FOR_PAYMENTS_MS, this::advance);
        return false;
    }

    private boolean begins(Waiting next) {
        String startedAt = Message.text(Instant.now());
        try {
            journal.begin(Message.map("operation_id", next.id, "operation", next.operation, "started_at", startedAt,
                    "batch", journal.batch(), "origin", next.origin));
        } catch (IOException cause) {
            talk.storageFailed(cause);
            return fails(next, "storage_failed");
        }
        // The write took its time. From here on nothing is waited for.
        if (cancels.contains(next.id)) return fails(next, "cancelled");
        if (isLate(next)) return fails(next, "expired");
        if (next.isClose() && isClosedMeanwhile(next)) return true;
        if (device.isPaying()) {
            device.reader.release();
            return isTakenBack(next);
        }
        running = new Running(next, startedAt, new CountDownLatch(1));
        sayStarted();
        perform(running);
        return true;
    }

    private boolean isTakenBack(Waiting next) {
        boolean isAnswered = isTooBusy(next);
        if (isAnswered) return true;
        try {
            journal.takeBack();
        } catch (IOException cause) {
            talk.storageFailed(cause);
        }
        return false;
    }

    /** Keeps people from closing, and asks the reader once more (rule 25). */
    private boolean isClosedMeanwhile(Waiting next) {
        try {
            device.reader.keep();
        } catch (IOException cause) {
            return answers(next, Device.failed("device_error").fields());
        }
        Reader.Batch last = device.reader.lastBatch();
        if (last == null || last.id().equals(journal.batch())) return false;
        device.reader.release();
        Map<String, Object> byHand = Results.closedByHand(last);
        Map<String, Object> refusal = Results.outOfStep(byHand.get("operation_id"));
        answer(List.of(byHand, Results.of(next, refusal)), last.id());
        return true;
    }

    private void perform(Running begun) {
        Waiting next = begun.of;
        String batchBefore = journal.batch();
        turns.beside(() -> {
            Device.Outcome outcome;
            try {
                outcome = device.perform(next.operation, begun.cancelled);
            } catch (IOException | InterruptedException | RuntimeException cause) {
                outcome = device.afterBreak(next.operation, batchBefore, "failed", cause.toString());
            }
            Device.Outcome end = outcome;
            turns.now(() -> finished(begun, end));
        });
    }

    private void finished(Running begun, Device.Outcome outcome) {
        if (begun.of.isClose()) device.reader.release();
        running = null;
        cancels.remove(begun.of.id);
        answer(List.of(Results.of(begun.of.about(), begun.startedAt, outcome.fields())), outcome.batch());
        advance();
    }

    private boolean fails(Waiting next, String reason) {
        return answers(next, Device.failed(reason).fields());
    }

    /** Answers what was not begun, or not after all. Answers true. */
    private boolean answers(Waiting next, Map<String, Object> fields) {
        cancels.remove(next.id);
        answer(List.of(Results.of(next, fields)), null);
        return true;
    }

    private boolean answersAgain(Waiting next, Map<String, Object> first) {
        cancels.remove(next.id);
        answer(List.of(Results.again(first, next)), null);
        return true;
    }

    private void answer(List<Map<String, Object>> results, String batch) {
        try {
            journal.add(results, batch);
            talk.added();
        } catch (IOException cause) {
            talk.storageFailed(cause);
            talk.unwritten(results, batch);
        }
    }
}
