import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** The agent's single thread, on which all decisions are made, one after another. */
final class Timers {
    private static final ThreadFactory NAMED = work -> new Thread(work, "agent");
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(NAMED);

    void soon(Runnable work) {
        after(0, work);
    }

    /** Runs `work` after a delay; the returned function cancels it. */
    Runnable after(long ms, Runnable work) {
        ScheduledFuture<?> planned = thread.schedule(() -> {
            try {
                work.run();
            } catch (RuntimeException fault) {
                fault.printStackTrace();
            }
        }, ms, TimeUnit.MILLISECONDS);
        return () -> planned.cancel(false);
    }
}
