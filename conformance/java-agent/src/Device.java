import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Stands for the terminal: a menu, a card reader and payments. It runs on a thread of its own, one operation at a time. */
final class Device {
    static final String VERSION = "1.0.0";
    /** What it can do, and how many seconds it takes at most. */
    static final List<Map<String, Object>> ABILITIES = List.of(
            Message.map("operation", "end_of_day", "max_seconds", 30),
            Message.map("operation", "check_update", "max_seconds", 5),
            Message.map("operation", "open_menu", "max_seconds", 10));
    private static final long WORK_MS = 1_000;

    /** What came of an operation, as the fields of its result; and the batch that it closed, if it closed one. */
    record Outcome(Map<String, Object> fields, String batch) {}

    final Reader reader;
    private final Path paying;

    Device(Path folder) throws IOException {
        reader = new Reader(folder);
        paying = folder.resolve("paying");
    }

    static boolean can(String operation) {
        return ABILITIES.stream().anyMatch(ability -> ability.get("operation").equals(operation));
    }

    /** What runs may be broken off, but for a close: the payment host may have closed the batch already. */
    static boolean mayBreakOff(String operation) {
        return operation.equals("open_menu");
    }

    /** Whether a customer is paying, which for this device means that there is a file of that name. */
    boolean isPaying() {
        return Files.exists(paying);
    }

    Outcome perform(String operation, CountDownLatch cancelled) throws IOException, InterruptedException {
        return switch (operation) {
            case "open_menu" -> openMenu(cancelled);
            case "end_of_day" -> closeDay();
            default -> completed(versions(), null);
        };
    }

    private Outcome openMenu(CountDownLatch cancelled) throws InterruptedException {
        boolean brokenOff = cancelled.await(WORK_MS, TimeUnit.MILLISECONDS);
        return brokenOff ? failed("cancelled") : completed(Message.map("opened", true), null);
    }

    /** The payment host takes a moment. Whoever calls keeps the reader. */
    private Outcome closeDay() throws IOException, InterruptedException {
        Thread.sleep(WORK_MS);
        Reader.Batch closed = reader.close();
        return completed(closeResult(closed, "accepted"), closed.id());
    }

    /** Level 2 fetches no files: it says what runs, and that it knows of nothing newer (rule U6). */
    private static Map<String, Object> versions() {
        return Message.map("current_version", VERSION, "latest_version", VERSION,
                "update_available", false, "configuration_version", "0");
    }

    static Map<String, Object> closeResult(Reader.Batch batch, String outcome) {
        return Message.map("outcome", outcome, "batch_id", batch.id(), "last_end_of_day_at", Message.text(batch.closedAt()));
    }

    static Outcome completed(Map<String, Object> result, String batch) {
        return new Outcome(Message.map("status", "COMPLETED", "result", result), batch);
    }

    static Outcome failed(String reason) {
        return new Outcome(Message.map("status", "FAILED", "reason", reason), null);
    }

    /** What came of an operation that did not come to its end (rule 22). Asks the reader, and does nothing again. */
    Outcome afterBreak(String operation, Object batchBefore, String code, String message) {
        boolean isClose = operation.equals("end_of_day");
        Reader.Batch last = isClose ? reader.lastBatch() : null;
        if (last != null && !last.id().equals(batchBefore)) return completed(closeResult(last, "unconfirmed"), last.id());
        return new Outcome(Message.map(
                "status", "FAILED", "reason", "device_error", "error", Message.map("code", code, "message", message),
                "unknown_end", isClose ? true : null), null);
    }
}
