// What the scripts of this folder share: `node <script> <base url> <admin token>`.
//
// Each call that does what it promises is one line `works <call>`, which becomes a row of
// docs/clients.md; the first one that does not ends the script.

export const [base, token] = process.argv.slice(2);

export async function works(call, check) {
  try {
    await check();
  } catch (error) {
    console.log(`fails ${call}`);
    console.log(error.stack ?? error, error.response ?? "");
    process.exit(1);
  }
  console.log(`works ${call}`);
}

export const product = (id, price = 1.5) => ({ category: "new", id, name: `Product ${id}`, photo: "p.svg", price });
