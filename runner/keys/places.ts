/** Where paths stand in a recipe: the same wherever the files lie. */
export const inputPlace = (where: string): string => `/@in/${where}`;
export const outputPlace = (name: string): string => `/@out/${name}`;
