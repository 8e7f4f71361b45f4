import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** A message of the server. Each look at a field throws {@link Malformed} where it is not as the page has it. */
record Message(Map<String, Object> fields) {
    private static final String UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

    static Message read(byte[] payload) {
        try {
            return of(Json.parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(payload)).toString()));
        } catch (CharacterCodingException cause) {
            throw new Malformed("no UTF-8");
        }
    }

    @SuppressWarnings("unchecked")
    private static Message of(Object value) {
        if (value instanceof Map<?, ?> object) return new Message((Map<String, Object>) object);
        throw new Malformed("no object");
    }

    boolean has(String name) {
        return fields.get(name) != null;
    }

    String text(String name) {
        if (fields.get(name) instanceof String text) return text;
        throw new Malformed(name + " is no text");
    }

    String uuid(String name) {
        String text = text(name);
        if (text.matches(UUID)) return text;
        throw new Malformed(name + " is no uuid");
    }

    Instant time(String name) {
        try {
            return OffsetDateTime.parse(text(name)).toInstant();
        } catch (DateTimeException cause) {
            throw new Malformed(name + " is no time");
        }
    }

    int integer(String name) {
        try {
            if (fields.get(name) instanceof BigDecimal number) return number.intValueExact();
        } catch (ArithmeticException cause) {
            // Falls through: too large, or a fraction.
        }
        throw new Malformed(name + " is no integer");
    }

    Message object(String name) {
        return of(fields.get(name));
    }

    /** A message to the server, or an entry of the log: names and values by turns; those without a value are left out. */
    static Map<String, Object> map(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] != null) map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    static String text(Instant time) {
        return time.truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
