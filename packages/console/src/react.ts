// Makes React ready: `first.ts` has it done while the rest of the program is on its way.
import "react-dom/client";
