import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** As much of MQTT 3.1.1 as a device needs: one connection, one subscription, QoS 1. */
final class Mqtt implements AutoCloseable {
    interface Listener {
        /** The subscription stands. */
        void up() throws IOException;

        void message(String topic, byte[] payload) throws IOException;
    }

    record Login(URI url, String clientId, String username, String password) {}

    private static final int CONNECT_MS = 10_000;
    private static final int KEEPALIVE_SECONDS = 12;
    /** Without a word for so long it is asked whether it is there, and after that again for as long it is dead. */
    private static final int QUIET_MS = 7_000;
    private static final int LARGEST = 65_536;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Set<Integer> unacknowledged = new HashSet<>();
    private int lastPacketId;

    Mqtt(URI url) throws IOException {
        boolean isSecure = url.getScheme().equals("mqtts");
        int port = url.getPort() > 0 ? url.getPort() : isSecure ? 8883 : 1883;
        Socket plain = new Socket();
        plain.setTcpNoDelay(true);
        try {
            plain.connect(new InetSocketAddress(url.getHost(), port), CONNECT_MS);
            plain.setSoTimeout(QUIET_MS);
            socket = isSecure ? secured(plain, url.getHost(), port) : plain;
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            out = new DataOutputStream(socket.getOutputStream());
        } catch (IOException cause) {
            plain.close();
            throw cause;
        }
    }

    private static Socket secured(Socket plain, String host, int port) throws IOException {
        SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        SSLSocket secure = (SSLSocket) factory.createSocket(plain, host, port, true);
        SSLParameters parameters = secure.getSSLParameters();
        // The certificate has to be for the host in the address.
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        secure.setSSLParameters(parameters);
        secure.startHandshake();
        return secure;
    }

    /** Connects, subscribes, and hands over what comes, until the link ends: with EOFException where the broker ends it. */
    void run(Login login, String willTopic, byte[] will, String filter, Listener listener) throws IOException {
        sendConnect(login, willTopic, will);
        boolean wasAsked = false;
        for (;;) {
            int first;
            try {
                first = in.read();
            } catch (SocketTimeoutException cause) {
                if (wasAsked) throw new IOException("the broker does not answer", cause);
                wasAsked = true;
                send(0xC0, new byte[0]);
                continue;
            }
            wasAsked = false;
            if (first < 0) throw new EOFException("the broker ended the connection");
            byte[] body = readBody();
            switch (first >> 4) {
                case 2 -> connected(body, filter);
                case 3 -> received(first, body, listener);
                case 4 -> acknowledged(body);
                case 9 -> subscribed(body, listener);
                default -> { }
            }
        }
    }

    /** Sends with QoS 1. */
    synchronized void publish(String topic, byte[] payload) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        writeText(body, topic.getBytes(StandardCharsets.UTF_8));
        lastPacketId = lastPacketId % 0xFFFF + 1;
        unacknowledged.add(lastPacketId);
        writeShort(body, lastPacketId);
        body.writeBytes(payload);
        send(0x32, body.toByteArray());
    }

    /** Waits until the broker has acknowledged everything, or for so long. */
    synchronized void awaitAcknowledgements(long atMostMs) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(atMostMs);
        while (!unacknowledged.isEmpty() && System.nanoTime() < until) {
            TimeUnit.NANOSECONDS.timedWait(this, until - System.nanoTime());
        }
    }

    /** Ends the connection in order, so that the will is not told. */
    void disconnect() throws IOException {
        send(0xE0, new byte[0]);
        close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private void sendConnect(Login login, String willTopic, byte[] will) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        writeText(body, "MQTT".getBytes(StandardCharsets.UTF_8));
        body.write(4);
        // User name, password, will with QoS 1, clean session.
        body.write(0x80 | 0x40 | 0x08 | 0x04 | 0x02);
        writeShort(body, KEEPALIVE_SECONDS);
        writeText(body, login.clientId().getBytes(StandardCharsets.UTF_8));
        writeText(body, willTopic.getBytes(StandardCharsets.UTF_8));
        writeText(body, will);
        writeText(body, login.username().getBytes(StandardCharsets.UTF_8));
        writeText(body, login.password().getBytes(StandardCharsets.UTF_8));
        send(0x10, body.toByteArray());
    }

    private void connected(byte[] body, String filter) throws IOException {
        if (body.length < 2 || body[1] != 0) throw new IOException("refused with code " + (body.length < 2 ? -1 : body[1]));
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        writeShort(request, 1);
        writeText(request, filter.getBytes(StandardCharsets.UTF_8));
        request.write(1);
        send(0x82, request.toByteArray());
    }

    private void subscribed(byte[] body, Listener listener) throws IOException {
        if (body.length < 3 || (body[2] & 0xFF) > 1) throw new IOException("the subscription was refused");
        listener.up();
    }

    private void received(int first, byte[] body, Listener listener) throws IOException {
        int topicLength = shortAt(body, 0);
        int qos = first >> 1 & 3;
        int start = 2 + topicLength + (qos > 0 ? 2 : 0);
        if (start > body.length) throw new IOException("a packet that is too short");
        String topic = new String(body, 2, topicLength, StandardCharsets.UTF_8);
        byte[] payload = java.util.Arrays.copyOfRange(body, start, body.length);
        if (qos > 0) send(0x40, new byte[] {body[start - 2], body[start - 1]});
        listener.message(topic, payload);
    }

    private synchronized void acknowledged(byte[] body) throws IOException {
        unacknowledged.remove(shortAt(body, 0));
        notifyAll();
    }

    private byte[] readBody() throws IOException {
        int length = 0;
        for (int shift = 0; ; shift += 7) {
            int next = in.readUnsignedByte();
            length |= (next & 0x7F) << shift;
            if (next < 0x80) break;
            if (shift == 21) throw new IOException("a packet without an end");
        }
        if (length > LARGEST) throw new IOException("a packet of " + length + " bytes");
        return in.readNBytes(length);
    }

    private synchronized void send(int first, byte[] body) throws IOException {
        ByteArrayOutputStream packet = new ByteArrayOutputStream();
        packet.write(first);
        int rest = body.length;
        do {
            packet.write(rest > 0x7F ? rest & 0x7F | 0x80 : rest);
            rest >>= 7;
        } while (rest > 0);
        packet.writeBytes(body);
        out.write(packet.toByteArray());
        out.flush();
    }

    private static int shortAt(byte[] bytes, int at) throws IOException {
        if (bytes.length < at + 2) throw new IOException("a packet that is too short");
        return (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
    }

    private static void writeShort(ByteArrayOutputStream out, int value) {
        out.write(value >> 8);
        out.write(value & 0xFF);
    }

    private static void writeText(ByteArrayOutputStream out, byte[] text) {
        writeShort(out, text.length);
        out.writeBytes(text);
    }
}
