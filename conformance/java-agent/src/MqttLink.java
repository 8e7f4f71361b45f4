import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** One connection of MQTT 3.1.1, with the part of the protocol that a device needs. It is never opened again. */
final class MqttLink {
    /** The callbacks of a connection; called on the connection's own thread. */
    interface Events {
        /** The broker has accepted the connection and the subscription. */
        void up(MqttLink link);

        void message(MqttLink link, String topic, byte[] payload);

        void down(MqttLink link, End end, Exception cause);
    }

    /** How the connection ended: refused with a return code, closed by the broker after CONNACK, or otherwise. */
    record End(int refusedWith, boolean closedByBroker) {}

    record Login(URI url, String clientId, String username, String password) {}

    private static final int KEEPALIVE_SECONDS = 12;
    private static final int PING_MS = 5_000;
    /** A connection without any byte for so long is closed; answers to pings come long before. */
    private static final int SILENCE_MS = 14_000;

    private final Login login;
    private final Events events;
    private final Set<Integer> unacknowledged = new HashSet<>();
    private Socket socket;
    private DataOutputStream out;
    private int lastId;
    private volatile boolean closed;

    MqttLink(Login login, Events events) {
        this.login = login;
        this.events = events;
    }

    /** Connects, subscribes to `filter`, and reads until the end, on a thread of its own. */
    void open(String filter, String willTopic, byte[] will) {
        Thread thread = new Thread(() -> run(filter, willTopic, will), "mqtt");
        thread.setDaemon(true);
        thread.start();
    }

    private void run(String filter, String willTopic, byte[] will) {
        int refusedWith = 0;
        Exception cause = null;
        boolean isIn = false;
        try {
            DataInputStream in = connect(willTopic, will);
            refusedWith = readConnack(in);
            if (refusedWith == 0) {
                isIn = true;
                subscribe(filter);
                startPings();
                while (true) readPacket(in);
            }
        } catch (Exception end) {
            cause = end;
        }
        boolean byBroker = isIn && !closed && cause instanceof EOFException;
        shut();
        events.down(this, new End(refusedWith, byBroker), cause);
    }

    private DataInputStream connect(String willTopic, byte[] will) throws IOException {
        boolean isSecure = "mqtts".equals(login.url().getScheme());
        int port = login.url().getPort() > 0 ? login.url().getPort() : isSecure ? 8883 : 1883;
        Socket plain = new Socket();
        socket = plain;
        plain.setTcpNoDelay(true);
        plain.setSoTimeout(SILENCE_MS);
        plain.connect(new InetSocketAddress(login.url().getHost(), port), SILENCE_MS);
        if (isSecure) {
            SSLSocket secure = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault())
                    .createSocket(plain, login.url().getHost(), port, true);
            SSLParameters parameters = secure.getSSLParameters();
            // Checks that the certificate is for this host.
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            socket = secure;
        }
        if (closed) throw new IOException("closed meanwhile");
        out = new DataOutputStream(socket.getOutputStream());
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(body);
        text(fields, "MQTT");
        fields.writeByte(4);
        // User name, password, will with QoS 1 and not retained, clean session.
        fields.writeByte(0x80 | 0x40 | 0x08 | 0x04 | 0x02);
        fields.writeShort(KEEPALIVE_SECONDS);
        text(fields, login.clientId());
        text(fields, willTopic);
        fields.writeShort(will.length);
        fields.write(will);
        text(fields, login.username());
        text(fields, login.password());
        send(0x10, body.toByteArray());
        return new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
    }

    /** Reads the CONNACK and returns its return code. */
    private int readConnack(DataInputStream in) throws IOException {
        int type = in.readUnsignedByte();
        byte[] body = body(in);
        if (type != 0x20 || body.length != 2) throw new IOException("no CONNACK");
        return body[1];
    }

    private void subscribe(String filter) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        DataOutputStream fields = new DataOutputStream(body);
        fields.writeShort(nextId());
        text(fields, filter);
        fields.writeByte(1);
        send(0x82, body.toByteArray());
    }

    private void readPacket(DataInputStream in) throws IOException {
        int head = in.readUnsignedByte();
        byte[] body = body(in);
        switch (head >> 4) {
            case 3 -> published(head, body);
            case 4 -> acknowledged(number(body, 0));
            case 9 -> {
                if (body.length < 3 || (body[2] & 0x80) != 0) throw new IOException("the subscription was refused");
                events.up(this);
            }
            case 13 -> { }
            default -> throw new IOException("a packet that no broker may send: " + head);
        }
    }

    private void published(int head, byte[] body) throws IOException {
        int qos = head >> 1 & 3;
        int topicLength = number(body, 0);
        int from = 2 + topicLength + (qos > 0 ? 2 : 0);
        String topic = new String(body, 2, topicLength, StandardCharsets.UTF_8);
        byte[] payload = java.util.Arrays.copyOfRange(body, from, body.length);
        if (qos > 0) send(0x40, new byte[] {body[from - 2], body[from - 1]});
        events.message(this, topic, payload);
    }

    /** Publishes with QoS 1. A message that cannot be sent is lost, and the connection ends. */
    synchronized void publish(String topic, byte[] payload) {
        try {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            DataOutputStream fields = new DataOutputStream(body);
            int id = nextId();
            text(fields, topic);
            fields.writeShort(id);
            fields.write(payload);
            unacknowledged.add(id);
            send(0x32, body.toByteArray());
        } catch (IOException lost) {
            shut();
        }
    }

    private synchronized void acknowledged(int id) {
        unacknowledged.remove(id);
        notifyAll();
    }

    /** Waits for the PUBACKs and sends DISCONNECT: the broker discards the will. */
    synchronized void disconnect(long patienceMs) {
        try {
            long until = System.nanoTime() + patienceMs * 1_000_000;
            while (!unacknowledged.isEmpty() && !closed) {
                long leftMs = (until - System.nanoTime()) / 1_000_000;
                if (leftMs <= 0) break;
                wait(leftMs);
            }
            if (out != null) send(0xe0, new byte[0]);
        } catch (IOException | InterruptedException over) {
            // The connection is closed in any case.
        }
        shut();
    }

    /** Closes the socket without a DISCONNECT. */
    void shut() {
        closed = true;
        try {
            if (socket != null) socket.close();
        } catch (IOException alreadyClosed) {
            // The socket is closed, as intended.
        }
        synchronized (this) {
            notifyAll();
        }
    }

    private void startPings() {
        Thread pings = new Thread(() -> {
            try {
                while (!closed) {
                    Thread.sleep(PING_MS);
                    send(0xc0, new byte[0]);
                }
            } catch (IOException | InterruptedException over) {
                shut();
            }
        }, "mqtt pings");
        pings.setDaemon(true);
        pings.start();
    }

    private synchronized int nextId() {
        lastId = lastId % 65_535 + 1;
        return lastId;
    }

    private void send(int head, byte[] body) throws IOException {
        ByteArrayOutputStream packet = new ByteArrayOutputStream();
        packet.write(head);
        int rest = body.length;
        do {
            packet.write(rest > 127 ? rest & 127 | 128 : rest);
            rest >>= 7;
        } while (rest > 0);
        packet.write(body);
        OutputStream to = out;
        if (to == null) throw new IOException("not connected");
        synchronized (to) {
            packet.writeTo(to);
            to.flush();
        }
    }

    private static byte[] body(DataInputStream in) throws IOException {
        int length = 0;
        int shift = 0;
        int next;
        do {
            next = in.readUnsignedByte();
            length |= (next & 127) << shift;
            shift += 7;
        } while ((next & 128) != 0 && shift < 28);
        return in.readNBytes(length);
    }

    private static int number(byte[] body, int at) throws IOException {
        if (body.length < at + 2) throw new IOException("a packet that is too short");
        return (body[at] & 255) << 8 | body[at + 1] & 255;
    }

    private static void text(DataOutputStream to, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        to.writeShort(bytes.length);
        to.write(bytes);
    }
}
