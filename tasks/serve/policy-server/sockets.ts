import { WebSocket, WebSocketServer } from 'ws';

/** Upgrades connections as openpi's server does, without subprotocol and compression. What is too large is refused in words. */
export function openSockets(maxFrameBytes: number): WebSocketServer {
  const timing = { closeTimeout: 10_000 }; // missing from the types
  return new WebSocketServer({
    ...timing,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    handleProtocols: () => false,
    maxPayload: maxFrameBytes,
    WebSocket: class extends WebSocket {
      // ws ends a connection whose frame is too large without a word, and this is where it does so.
      override close(code?: number, reason?: string | Buffer): void {
        if (code !== tooLarge || reason !== undefined) return super.close(code, reason);
        const words = `A frame may have ${maxFrameBytes} bytes here.`;
        this.send(`frame-too-large: ${words}\n`);
        super.close(tooLarge, words);
      }
    },
  });
}

const tooLarge = 1009;
