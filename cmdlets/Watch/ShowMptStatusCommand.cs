using System.Management.Automation;
using System.Management.Automation.Host;
using System.Text;
using MptTools.Engine.ControlPlane;

namespace MptTools.Cmdlets;

/// <summary>
/// Shows a running server in the terminal, refreshed in place until q or Ctrl-C: a line a path with its rates as bars, loss, round trip and
/// the time since it was heard. Where there is no terminal it writes the lines once, as text.
/// </summary>
[Cmdlet(VerbsCommon.Show, "MptStatus")]
[OutputType(typeof(string))]
public sealed class ShowMptStatusCommand : ServerCmdlet
{
    /// <summary>Rates, loss and share are those of this time before now.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    /// <summary>Without a terminal: as wide as the tables.</summary>
    private const int PlainWidth = 80;

    /// <summary>So often keys are looked for.</summary>
    private static readonly TimeSpan KeyPause = TimeSpan.FromMilliseconds(100);

    private const string HideCursor = "\e[?25l", ShowCursor = "\e[?25h", OtherScreen = "\e[?1049h", FormerScreen = "\e[?1049l", Home = "\e[H", EndOfLine = "\e[K",
        EndOfScreen = "\e[J";

    /// <summary>The server: the name of its first tunnel. May be left out where only one server runs.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    [ValidateNotNullOrEmpty]
    public override string? Server { get; set; }

    /// <summary>How long a picture stands, in seconds: 0.2 to 3600.</summary>
    [Parameter]
    [ValidateNumber(0.2, 3600.0)]
    public double RefreshSeconds { get; set; } = 1;

    /// <summary>How many pictures are shown; without it one where there is no terminal, else as many as until q or Ctrl-C.</summary>
    [Parameter]
    [ValidateNumber(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>Write the lines as text, also to a terminal.</summary>
    [Parameter]
    public SwitchParameter AsText { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WithServer(null, client =>
    {
        var series = new StatusSeries();
        series.Add(client.GetStatus());
        if (AsText || !Host.UI.SupportsVirtualTerminal || Console.IsOutputRedirected)
        {
            WriteText(client, series);
        }
        else
        {
            ShowLive(client, series);
        }
    });

    private void WriteText(MptClient client, StatusSeries series)
    {
        var screen = new StatusScreen(PlainWidth, coloured: false);
        for (int picture = 0; picture < (Count ?? 1); picture++)
        {
            if (Stopped.WaitHandle.WaitOne(TimeSpan.FromSeconds(RefreshSeconds)))
            {
                throw new PipelineStoppedException();
            }
            series.Add(client.GetStatus());
            series.Forget(Window);
            WriteObject(screen.Draw(series, DateTime.Now), enumerateCollection: true);
        }
    }

    private void ShowLive(MptClient client, StatusSeries series)
    {
        Console.Out.Write(OtherScreen + HideCursor);
        try
        {
            StatusScreen? screen = null;
            Size size = default;
            for (int picture = 0; Count is not { } count || picture < count; picture++)
            {
                if (WaitForEnd(TimeSpan.FromSeconds(RefreshSeconds)))
                {
                    return;
                }
                series.Add(client.GetStatus());
                series.Forget(Window);
                if (screen is null || Host.UI.RawUI.WindowSize != size)
                {
                    size = Host.UI.RawUI.WindowSize;
                    screen = new StatusScreen(Math.Max(size.Width, 20), IsColourWanted());
                }
                Draw(screen, series, size.Height);
            }
        }
        finally
        {
            Console.Out.Write(ShowCursor + FormerScreen);
        }
    }

    private void Draw(StatusScreen screen, StatusSeries series, int height)
    {
        // In one piece, so that nobody sees half a picture.
        var picture = new StringBuilder(Home);
        picture.AppendJoin($"{EndOfLine}\r\n", screen.Draw(series, DateTime.Now).Take(Math.Max(1, height - 1)));
        picture.Append(EndOfLine).Append(EndOfScreen);
        Console.Out.Write(picture.ToString());
    }

    /// <summary>True when the user has pressed q or Escape; Ctrl-C stops the pipeline.</summary>
    private bool WaitForEnd(TimeSpan time)
    {
        DateTime end = DateTime.UtcNow + time;
        while (DateTime.UtcNow < end)
        {
            if (Stopped.WaitHandle.WaitOne(KeyPause))
            {
                throw new PipelineStoppedException();
            }
            while (!Console.IsInputRedirected && Console.KeyAvailable)
            {
                if (Console.ReadKey(intercept: true).Key is ConsoleKey.Q or ConsoleKey.Escape)
                {
                    return true;
                }
            }
        }
        return false;
    }

    /// <summary>$PSStyle.OutputRendering is PlainText where NO_COLOR is set or somebody has said so.</summary>
    private bool IsColourWanted() =>
        SessionState.PSVariable.GetValue("PSStyle") is not { } style
        || PSObject.AsPSObject(style).Properties["OutputRendering"]?.Value?.ToString() != "PlainText";
}
