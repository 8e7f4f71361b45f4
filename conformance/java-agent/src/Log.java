import java.time.Instant;

/** What the agent tells whoever runs it. */
final class Log {
    private Log() {}

    static void line(String text) {
        System.err.println(Message.text(Instant.now()) + " " + text);
    }
}
