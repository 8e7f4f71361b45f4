#!/usr/bin/python3
"""A terminal that closes the day on command: level 2 of docs/device-protocol.md. In brackets: the rules of that page.

    examples/agent.py FILE FOLDER       FILE: the answer of POST …/credentials. FOLDER: for its journal
Needs Python 3.11, Linux, and paho 1.6 (Debian: python3-paho-mqtt). The device is simulated: a payment goes on while there is a file
FOLDER/payment, and `echo 42 >FOLDER/batch` closes the day by hand. It keeps its log for ever [12]; a full disk ends it [14].
"""
import itertools, json, os, random, signal, socket, sqlite3, sys, time, uuid
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit
import paho.mqtt.client as mqtt

VERSIONS = {"current_version": "1.0.0", "latest_version": "1.0.0", "update_available": False, "configuration_version": "0"}
LOST = "The journal of this address is lost or old: the device needs another password."
KNOWN, WAIT, WORK_SECONDS = ("open_menu", "check_update", "end_of_day"), "wait", 1.0
def steady(): return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while the device sleeps
def now(): return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
def at(text): return datetime.fromisoformat(text).timestamp()
def failed(reason, **more): return {"status": "FAILED", "reason": reason, **more}
def find(key, things): return next((it for it in things if it and it["operation_id"] == key), None)
def pick(names, it): return {name: it[name] for name in names.split() if name in it}
def closed(e): return "repeats" not in e and ("unknown_end" in e or e.get("result", {}).get("outcome", "declined") != "declined")
def check(c): uuid.UUID(c["operation_id"]), at(c["created_at"]), at(c["expires_at"]), c["operation"].strip(), c["origin"].keys()

class Agent:
    def __init__(self, login, folder):
        self.login, self.address, self.folder = login, login["address"], folder
        self.disk = sqlite3.connect(folder / "journal", isolation_level=None)  # synced, and locked as long as it runs
        self.disk.executescript("pragma locking_mode=exclusive; pragma synchronous=extra; create table if not exists kept (id unique, it)")
        empty = {"address": None, "begun": None, "batch": None, "log": []}
        self.journal = json.loads((self.disk.execute("select it from kept").fetchone() or [json.dumps(empty)])[0])
        if (folder / self.address).exists() and self.journal["address"] != self.address: sys.exit(LOST)  # [4], and the page on memory
        self.journal["address"], self.log = self.address, self.journal["log"]
        for number, entry in enumerate(self.log, 1): entry["number"] = number  # numbers change only at a new address [13]
        self.save()
        (folder / self.address).touch(), os.sync()  # from now on a missing journal counts as lost
        self.sessions = map(f"{uuid.uuid4()}.{{}}".format, itertools.count(1))  # [37]
        self.waiting, self.memory, self.done_at, self.again, self.hellos, self.beat_said = [], None, None, {}, {}, 0
        self.linked = self.greeted = self.refused = self.stopping = False
        if begun := self.journal["begun"]:  # [22]
            self.journal["batch"], error = self.batch(), {"code": "interrupted", "message": "The power went."}
            more = {"unknown_end": True} if begun["operation"] == "end_of_day" else {}
            self.answer(begun, failed("device_error", error=error, started_at=begun["started_at"], **more))
    def save(self): self.disk.execute("replace into kept values (1, ?)", [json.dumps(self.journal)])
    def answer(self, c, what):  # written now [7], and sent by a tick
        self.log.append({"number": len(self.log) + 1, **pick("operation_id operation origin", c), "finished_at": now(), **what})
        if find(c["operation_id"], [self.journal["begun"]]): self.journal["begun"] = None
        self.save()

    # The device. Its card reader names the batch that it has closed last.
    def batch(self): return (self.folder / "batch").read_text().strip() if (self.folder / "batch").exists() else None
    def ask_reader(self):  # [24]
        if not self.done_at and self.batch() != self.journal["batch"]:
            self.journal["batch"], by_hand = self.batch(), {"operation_id": str(uuid.uuid4()), "operation": "end_of_day"}
            result = {"outcome": "unconfirmed", "batch_id": self.journal["batch"]}
            self.answer(by_hand, {"status": "COMPLETED", "by_hand": True, "result": result})
    def finish(self):
        begun, self.done_at = self.journal["begun"], None
        result = {"opened": True} if begun["operation"] == "open_menu" else VERSIONS
        if begun["operation"] == "end_of_day":
            (self.folder / "batch").write_text(str(int(self.journal["batch"] or 0) + 1))
            self.journal["batch"], result = self.batch(), {"outcome": "accepted", "batch_id": self.batch()}
        self.answer(begun, {"status": "COMPLETED", "started_at": begun["started_at"], "result": result})

    # Messages of the server. A message that cannot be understood raises an exception before anything is done [35].
    def on_welcome(self, w):
        server, said, every = at(w["server_time"]), self.hellos.get(w["hello_sent_at"]), float(w.get("heartbeat_seconds", 30))
        if said and self.on_memory(w):
            self.ahead, self.welcomed, self.every, self.greeted = server - said, steady(), every, True  # [32]
            self.beat_at = max(steady(), self.beat_said + 1)
    def on_memory(self, m):  # a memory message, a welcome or a receipt
        number, key = m["memory"]["number"], m["memory"].get("id")
        if number > len(self.log) or number and self.log[number - 1]["operation_id"] != key:  # an old copy [6]
            self.journal["address"], self.stopping = None, True
            self.save()
        elif m["memory"] != self.memory:
            self.memory, self.again["result"] = m["memory"], (0, 2)
        return not self.stopping
    on_receipt = on_memory
    def on_command(self, c):
        check(c)
        strange = c["operation"] not in KNOWN or c["parameters"].keys() - {"operator_id"} or c.get("when_busy", WAIT) not in ("fail", WAIT)
        if not self.is_known(c["operation_id"], "started"):
            if strange: return self.answer(c, failed("unsupported"))  # [20]
            self.waiting.append({**c, "received_at": now(), "told": False, "cancelled": False})
    def on_cancel(self, x):
        check(x)
        if c := find(x["operation_id"], self.waiting): c["cancelled"] = True
        elif not self.is_known(x["operation_id"], "cancel_refused"):  # [30, 31]
            self.waiting.append({**x, "received_at": now(), "told": True, "cancelled": True})
    def on_probe(self, p): self.say("probe_answer", {"probe_id": p["probe_id"]})
    def is_known(self, key, if_begun):  # and sends what is known [17]
        if e := find(key, self.log):
            if self.memory and e["number"] <= self.memory["number"]: self.say("result", e)  # else it is sent in its turn
        elif c := find(key, self.waiting):
            self.say("delivered", pick("operation_id received_at", c))
        elif begun := find(key, [self.journal["begun"]]):
            self.say(if_begun, pick("operation_id started_at" if if_begun == "started" else "operation_id", begun))
        return e or c or begun

    # Which command may begin
    def look(self, c):
        begun, closes = self.journal["begun"], c["operation"] == "end_of_day"
        mine = find(c["operation_id"], [begun])
        runs_another = begun and not mine and (closes or not c["cancelled"])  # [19]
        verdict = WAIT if runs_another or not self.greeted or self.stopping else self.verdict(c, closes)  # [6, 33]
        if verdict == WAIT and not c["told"]:
            c["told"] = self.is_known(c["operation_id"], "started")  # says delivered [21]
        if verdict == WAIT and mine or verdict is None and not mine:  # a payment has begun meanwhile [26]; or it may begin [16]
            self.journal["begun"] = None if mine else {**pick("operation_id operation origin", c), "started_at": now()}
            self.save()  # it begins by the next look, after all messages that came meanwhile
        elif verdict != WAIT:
            self.waiting.remove(c)
            if verdict: return self.answer(c, verdict)
            self.done_at = steady() + WORK_SECONDS
            self.is_known(c["operation_id"], "started")  # says started [21]
    def verdict(self, c, closes):  # its result, WAIT, or None when it may begin
        request, end = c["origin"].get("request"), at(c["expires_at"])
        same = [e for e in self.log if request and e["operation"] == "end_of_day" and e.get("origin", {}).get("request") == request]
        if closes and same:  # [23]
            return {**pick("status result reason error unknown_end last_close", same[0]), "repeats": same[0]["operation_id"]}
        if not c["cancelled"]:
            if (left := end - self.ahead - steady()) <= 0: return failed("expired")  # [18, 32]
            may_wait = c.get("when_busy") == "wait" and left > min(1, (end - at(c["created_at"])) / 10)  # [27]
            if (self.folder / "payment").exists(): return WAIT if may_wait else failed("busy_payment")  # [26]
        if closes:
            self.ask_reader()
            last = next((e["operation_id"] for e in reversed(self.log) if closed(e)), None)
            if c.get("previous_close") != last: return failed("out_of_step", **({"last_close": last} if last else {}))  # [25]
        return failed("cancelled") if c["cancelled"] else None  # [29]

    # Messages to the server
    def say(self, channel, message):
        topic, old = f"tillkeeper/v1/{self.address}/{channel}", not self.journal["address"]  # an old copy sends only goodbye [6]
        if self.linked and (channel == "goodbye" or not old): self.said = self.client.publish(topic, json.dumps(message), qos=1)
    def is_due(self, what):  # at once, and again after 2, 4, 8, 16, 30, 30 … seconds [3, 9]
        due, pause = self.again.get(what, (0, 2))
        if steady() < due: return False
        self.again[what] = steady() + pause * random.uniform(0.8, 1), min(30, pause * 2)
        return True
    def tick(self):
        if self.done_at and steady() >= self.done_at: self.finish()
        if self.waiting and self.greeted and steady() - self.welcomed > 3600: self.greeted = False  # hello again first [34]
        for c in [*self.waiting]: self.look(c)
        if self.linked and not self.greeted and self.is_due("hello"):  # [1]
            self.ask_reader()
            about = {"protocol": 1, "agent": "example-agent/1", "sent_at": now(), "session": self.session}
            operations = [{**pick("operation_id", c), "phase": "delivered"} for c in self.waiting][-99:]  # [2]
            operations += [{**pick("operation_id", self.journal["begun"]), "phase": "started"}] if self.done_at else []
            self.hellos[about["sent_at"]] = steady()
            self.say("hello", {**about, "operations": operations, "abilities": [{"operation": name} for name in KNOWN]})
        if self.greeted and steady() >= self.beat_at:  # [38]
            self.ask_reader()
            self.beat_said, self.beat_at = steady(), steady() + max(1, self.every * random.uniform(0.9, 1))
            self.say("heartbeat", {"session": self.session, "sent_at": now(), "memory": self.memory})
        if self.linked and self.memory and self.memory["number"] < len(self.log) and self.is_due("result"):  # [8]
            self.say("result", self.log[self.memory["number"]])

    # The link
    def got_suback(self, *about): self.linked, self.again, self.hellos = True, {}, {}
    def got_connack(self, client, userdata, flags, code):
        self.refused = code in (4, 5)
        if self.refused: print("The password does not hold any more: the device needs another one.", file=sys.stderr)
        client.subscribe(f"tillkeeper/v1/{self.address}/#", qos=1)
    def got_message(self, client, userdata, message):
        try:
            getattr(self, "on_" + message.topic.rsplit("/", 1)[1], print)(json.loads(message.payload))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as fault:
            print("not understood:", message.topic, repr(fault), file=sys.stderr)
    def connect(self):
        self.session, url = next(self.sessions), urlsplit(self.login["mqtt_url"])
        self.client = client = mqtt.Client(self.login["client_id"], reconnect_on_failure=False)
        client.username_pw_set(self.login["username"], self.login["password"])
        client.will_set(f"tillkeeper/v1/{self.address}/gone", json.dumps({"session": self.session}), qos=1)
        client.on_connect, client.on_subscribe, client.on_message = self.got_connack, self.got_suback, self.got_message
        client.on_socket_open = lambda c, u, s: s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if url.scheme == "mqtts": client.tls_set()
        client.connect(url.hostname, url.port or {"mqtt": 1883, "mqtts": 8883}[url.scheme], keepalive=8)  # paho waits twice as long
    def live(self):
        pause, early = 0.2, 0
        while not self.stopping:
            began, over = steady(), 1
            try:
                self.connect()
                while not (over := self.client.loop(0.1)) and (not self.stopping or self.done_at): self.tick()
            except OSError as fault:
                print("no link:", fault, file=sys.stderr)
            early = early + 1 if self.greeted and steady() - began < 120 else 0
            pause = 0.2 if steady() - began > 2 and early < 2 else min(10, pause * 2)
            self.linked, self.greeted = self.linked and not over, False
            time.sleep(0 if self.stopping else 60 if self.refused else pause * random.uniform(0.5, 1))
        self.say("goodbye", {"session": self.session})  # [36]
        while self.linked and not self.said.is_published() and not self.client.loop(0.1): pass
        self.client.disconnect()

agent = Agent(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
signal.signal(signal.SIGTERM, lambda *about: setattr(agent, "stopping", True))
agent.live()
sys.exit(None if agent.journal["address"] else LOST)
