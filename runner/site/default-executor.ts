/** Where jobs run when nobody says anything; it hosts services, and on a laptop takes everything. */
export const defaultExecutor = 'local';
