import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** The agent's one thread: everything that it decides happens there, one thing after another. */
final class Timers {
    private static final ThreadFactory NAMED = work -> new Thread(work, "agent");
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(NAMED);

    void soon(Runnable work) {
        after(0, work);
    }

    /** What is answered takes it back. */
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
