import { useEffect, useState } from 'preact/hooks';
import { content } from './content.ts';
import { nextTides } from './tides.ts';

interface Hello {
  branch: string;
  commit: string;
  startedAt: string;
}

/** Where the server is, when it is not the one that served this page. Set at build time. */
const API = import.meta.env.VITE_API ?? '';

function useHello(): Hello | string | undefined {
  const [hello, setHello] = useState<Hello | string>();
  useEffect(() => {
    const load = async () => {
      const answer = await fetch(`${API}/api/hello`);
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      return (await answer.json()) as Hello;
    };
    load().then(setHello, (error: Error) => setHello(error.message));
  }, []);
  return hello;
}

function Version() {
  const hello = useHello();
  if (hello === undefined) return <p class="version">…</p>;
  if (typeof hello === 'string') return <p class="version failed">No answer from the server: {hello}</p>;
  return (
    <dl class="version">
      <dt>Branch</dt>
      <dd>{hello.branch}</dd>
      <dt>Commit</dt>
      <dd>{hello.commit.slice(0, 7)}</dd>
      <dt>Serving since</dt>
      <dd>{new Date(hello.startedAt).toLocaleTimeString()}</dd>
    </dl>
  );
}

function Tides() {
  const time = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' });
  return (
    <ul class="tides">
      {nextTides(Date.now(), 6).map((tide) => (
        <li class={tide.kind} key={tide.at.getTime()}>
          <span>{time.format(tide.at)}</span>
          <span>{tide.kind}</span>
          <strong>{tide.height.toFixed(1)} m</strong>
        </li>
      ))}
    </ul>
  );
}

export function App() {
  return (
    <main>
      <h1>{content.greeting}</h1>
      <p class="lead">{content.lead}</p>
      <Version />
      <Tides />
    </main>
  );
}
