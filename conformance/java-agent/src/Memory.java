/** How far the server holds the log: number and id of the last entry; 0 and null for none. */
record Memory(int number, String id) {
    static Memory in(Message message) {
        Message memory = message.object("memory");
        int number = memory.integer("number");
        if (number < 0) throw new Malformed("number is below 0");
        return new Memory(number, number == 0 ? null : memory.uuid("id"));
    }
}
