// Categories, colours and texts of the shop. What is for sale, at which price and whether it is in
// stock comes from the endpoint alone; a product without a text here is shown without one.

export class Catalogue {
  #products;
  categories;

  constructor({ categories, products }) {
    this.categories = categories;
    this.#products = new Map(products.map((product) => [product.id, product]));
  }

  product(id) {
    return this.#products.get(id);
  }

  #category(id) {
    return this.categories.find((category) => category.id === this.#products.get(id)?.category);
  }

  categoryName(id) {
    return this.#category(id)?.name;
  }

  tint(id) {
    return this.#category(id)?.tint;
  }
}
